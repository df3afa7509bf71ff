"""One examination: everything is asked side by side, then judged in the order of the chain. For `escalate doctor`."""

import asyncio
from collections.abc import Sequence

from escalate_daemon.core.views import MemberView
from escalate_daemon.daemon import Daemon
from escalate_daemon.discovery.addresses import only_loopback, read_addresses
from escalate_daemon.discovery.echo import Echo, listen_around
from escalate_daemon.doctor import about_desk, about_house, about_network, trial
from escalate_daemon.doctor.belonging import judge_neighbours, judge_space, judge_versions
from escalate_daemon.doctor.desktop import judge_bus, judge_notifier
from escalate_daemon.doctor.dialback import Answer
from escalate_daemon.doctor.keeping import judge_identity, judge_store
from escalate_daemon.doctor.mixer import ask_mixer
from escalate_daemon.doctor.network import judge_interfaces, judge_multicast, judge_peers, judge_port
from escalate_daemon.doctor.process import judge_process
from escalate_daemon.doctor.sounding import Mixer, judge_player, judge_sound
from escalate_daemon.doctor.timing import judge_clock
from escalate_daemon.finding import look_around
from escalate_daemon.ipc.protocol import Check

LOOK_S = 2.0  # for others near, where no session looks all the time


async def examine(daemon: Daemon, jump: tuple[float, float] | None) -> list[Check]:
    """Every check, in the order of the chain. `jump`: see timing. Within about 20 s, and 4 where all is well."""
    near, far = about_network.near_and_far(daemon)
    condition, mixer, echo, answers, others = await asyncio.gather(
        daemon.screen.look(), _mixer(daemon), _echo(near), _answers(daemon), _other_spaces(daemon)
    )
    space = about_house.space(daemon, others)
    heard = about_network.multicast(daemon, echo, near, far)
    desk = about_desk.desktop(daemon, condition)
    sound = about_desk.sound(daemon, condition, mixer)
    return [
        judge_process(about_house.process(daemon)),
        judge_store(about_house.store(daemon)),
        judge_space(space),
        judge_identity(about_house.identity(daemon)),
        judge_versions(about_house.versions(daemon)),
        judge_interfaces(about_network.interfaces()),
        *([] if daemon.session is None else [judge_port(about_network.port(daemon, answers))]),
        judge_multicast(heard),
        judge_peers(heard),
        judge_neighbours(space),
        judge_bus(desk),
        judge_notifier(desk),
        judge_player(sound),
        judge_sound(sound),
        judge_clock(about_house.wall(jump, answers)),
    ]


async def try_out(daemon: Daemon) -> list[Check]:
    """A real pop-up and the real tone, marked as a test, by the way of a ring."""
    tried = await daemon.screen.try_out(trial.WORDS)
    outcome = trial.Outcome(
        tried.shown, tried.not_shown, tried.sounded, tried.not_sounded, wanted=daemon.config.notify.sound
    )
    return [trial.judge_test_popup(outcome), trial.judge_test_sound(outcome)]


async def _mixer(daemon: Daemon) -> Mixer:
    return await ask_mixer() if daemon.config.notify.sound else Mixer()


async def _echo(near: Sequence[MemberView]) -> Echo | None:
    """None where there is no network to hear anything on."""
    try:
        snapshot = read_addresses()
    except OSError as error:
        return Echo(f"this machine's addresses cannot be read: {error}")
    return (
        None
        if only_loopback(snapshot)
        else await listen_around(snapshot, [about_network.hosts_of(each) for each in near])
    )


async def _answers(daemon: Daemon) -> tuple[Answer, ...]:
    return () if daemon.session is None else await daemon.session.dialled_back()


async def _other_spaces(daemon: Daemon) -> int:
    return daemon.other_spaces() if daemon.session is not None else await look_around(LOOK_S)

"""A machine that can no longer hear tells its person, once, and warns until it is well again."""

from contextlib import ExitStack

import pytest

from escalate_daemon.ipc.protocol import StatusReply
from support.machine import Machine, Machines
from support.need import need_tools
from support.popups import Popups
from support.private_bus import PrivateBus
from support.sound_sink import SoundSink
from support.waiting import until

pytestmark = pytest.mark.end_to_end
NO_SOUND = "A red makes no sound on this machine"


def hears(machine: Machine) -> str | None:
    me = machine.ask(StatusReply, "status").me
    return None if me is None else me.hears


def warned(machine: Machine) -> bool:
    return NO_SOUND.lower() in machine.run("status").must().err.lower()


def test_dead_sound_server_is_told_by_one_pop_up_and_with_every_status_until_it_lives(machines: Machines) -> None:
    need_tools("dbus-daemon", "pulseaudio", "parecord", "paplay", "pactl")
    with ExitStack() as stack:
        bus = stack.enter_context(PrivateBus(machines.folder))
        server = stack.enter_context(Popups(bus.address, machines.folder))
        speaker = stack.enter_context(SoundSink(machines.folder))
        ana = machines.add("ana", env={"DBUS_SESSION_BUS_ADDRESS": bus.address, **speaker.env})
        ana.run("up", "Floor", "--new").must()
        until(lambda: hears(ana) == "sound", "ana hears")
        assert not warned(ana)
        speaker.stop()
        ana.run("doctor").must(1)  # a look now; the daemon's own comes within a minute
        until(server.up, "ana is told")
        assert [each.title for each in server.up()] == [NO_SOUND]
        assert warned(ana)
        assert hears(ana) == "popup"
        speaker.start()
        ana.run("doctor").must(0, 1)
        until(lambda: not warned(ana), "the warning is taken back")
        assert len(server.notified()) == 1

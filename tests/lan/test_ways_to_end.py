"""Each way for an escalation to end, and each way for its owner to vanish, as another machine sees it."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from escalate_daemon.ipc.protocol import Escalation, EscalationReply, ShowRequest
from support.machine import Watching
from support.popups import Event
from support.room import CALLER, Host, Room
from support.waiting import Figures, Stopwatch, never, until

pytestmark = pytest.mark.lan

TOLD_WITHIN_S = 2.0
PUT_AWAY_AFTER_S = 14  # after it is lost, which takes 10
MAX_AGE_S = 6  # its owner is warned when a quarter of it is left


@dataclass(frozen=True)
class Way:
    """What ends ana's: her command, the reason and note that others see, and what undoes the rest of it."""

    argv: tuple[str, ...]
    reason: str
    note: str | None = None
    undo: tuple[str, ...] = ()


WAYS = {
    "end": Way(("end",), "owner"),
    "end with a note": Way(("end", "-m", "he has hung up"), "owner", "he has hung up"),
    "toggle": Way(("toggle",), "owner"),
    "room": Way(("room", "Blue"), "room", undo=("room", "--leave")),
    "away": Way(("away",), "away", undo=("back",)),
    "leave": Way(("leave",), "left", undo=("up",)),
    "replaced": Way(("start", "-m", "and now a second one", "--replace"), "replaced"),
}


@pytest.fixture(scope="module")
def watching(together: Room) -> Iterator[Watching]:
    """Ben's `watch --json`. He puts away soon; nothing but herself ends cyd's."""
    ben, cyd = together.ben, together.cyd
    configured = ((ben, "put_away_after", f"{PUT_AWAY_AFTER_S}s"),)
    triggers = tuple((cyd, f"end_on_{trigger}", "false") for trigger in ("room", "away", "leave"))
    for host, name, value in (*configured, *triggers):
        host.machine.run("config", "set", f"escalation.{name}", value).must()
    for host in (ben, cyd):
        host.machine.run("daemon", "restart").must()
    together.settle()
    with ben.machine.watching() as running:
        until(lambda: any(event.event == "ready" for event in running.events()), "watch is ready")
        yield running
    for host in (ben, cyd):
        (host.machine.home / "config.toml").unlink()
        host.machine.run("daemon", "restart").must()


def told(watching: Watching, hand: str) -> list[tuple[str, str, str | None]]:
    """What was watched of one escalation: event, state, reason of its end."""
    about = [(event.event, event.escalation) for event in watching.events()]
    return [(event, each.state, each.end_reason) for event, each in about if each is not None and each.id == hand]


def shown(host: Host, hand: str) -> Escalation:
    """What `escalate show ID` tells at a host, also of what is put away or over."""
    reply = host.machine.look(ShowRequest(who=hand))
    assert isinstance(reply, EscalationReply), reply
    assert reply.escalation is not None
    return reply.escalation


def until_state(host: Host, hand: str, state: str) -> Escalation:
    """Wait until it stands so at a host, listed or not."""
    until(lambda: shown(host, hand).state == state, f"at {host.name} it is {state}")
    return shown(host, hand)


def popup_of(host: Host) -> Event | None:
    """The pop-up of it at a host."""
    return next((each for each in host.desk.up() if CALLER in each.title), None)


def has_no_popup(host: Host) -> bool:
    """Whether a host has no pop-up of it."""
    return popup_of(host) is None


def until_popup_of(host: Host, colour: str = "red") -> Event:
    """Wait until a host has its pop-up, in this colour."""

    def coloured() -> Event | None:
        popup = popup_of(host)
        return popup if popup and popup.colour == colour else None

    return until(coloured, f"{host.name} has a {colour} pop-up of it")


def must_be_gone(room: Room, hand: str, reason: str, note: str | None = None) -> None:
    """It is over at ben's and cyd's, for that reason, and no pop-up of it is left anywhere."""
    for host in (room.ben, room.cyd):
        view = until_state(host, hand, "ended")
        assert (view.end_reason, view.note) == (reason, note)
        assert view.ended_at is not None
        assert hand not in [each.id for each in host.machine.escalations()]
    for host in room.all:
        until(partial(has_no_popup, host), f"{host.name} has no pop-up of it any more")


@pytest.mark.parametrize("name", WAYS)
def test_an_end_is_seen_elsewhere_with_its_reason(
    together: Room, watching: Watching, figures: Figures, name: str
) -> None:
    way, ana, ben = WAYS[name], together.ana, together.ben
    together.settle()
    hand = together.start(ana, "-m", CALLER, "-n", "@team")
    for host in (ben, together.cyd):
        until_popup_of(host)
    watch = Stopwatch()
    ana.machine.run(*way.argv).must()
    must_be_gone(together, hand, way.reason, way.note)
    figures.note(f"{name} to the last pop-up closed", watch.seconds(), TOLD_WITHIN_S)
    until(lambda: told(watching, hand)[-1] == ("ended", "ended", way.reason), "ben's watch says it ended, and why")
    assert len([each for each in ben.desk.popups() if CALLER in each.title]) == 1
    if way.undo:
        ana.machine.run(*way.undo).must()
        together.until_together()
        never(lambda: popup_of(ben), "it comes back", for_s=0.3)


def test_the_maximum_age_ends_it_after_a_warning(together: Room, watching: Watching) -> None:
    ana = together.ana
    together.settle()
    hand = together.start(ana, "-m", CALLER, "-n", "@team", "--for", f"{MAX_AGE_S}s")
    until_popup_of(together.ben)
    warned = until_popup_of(ana)
    assert "ends by itself" in warned.body
    assert warned.critical
    must_be_gone(together, hand, "max-age")
    until(lambda: told(watching, hand)[-1] == ("ended", "ended", "max-age"), "ben's watch says it ended, and why")


def test_each_trigger_can_be_switched_off(together: Room, watching: Watching) -> None:
    ben, cyd = together.ben, together.cyd
    together.settle()
    hand = together.start(cyd, "-m", CALLER, "-n", "@team")
    for argv, presence in ((("room", "Blue"), "room"), (("away",), "away"), (("leave",), "left")):
        cyd.machine.run(*argv).must()

        def seen_as(wanted: str = presence) -> bool:
            return any(each.name == "cyd" and each.presence == wanted for each in ben.machine.members())

        until(seen_as, f"ben sees cyd as {presence}")
        assert shown(ben, hand).state == "active"
        assert popup_of(ben) is not None
    cyd.machine.run("up").must()
    together.until_together()
    assert shown(ben, hand).state == shown(cyd, hand).state == "active"
    cyd.machine.run("end").must()
    until_state(ben, hand, "ended")
    until(lambda: told(watching, hand)[-1][0] == "ended", "ben's watch says it ended")
    assert {state for _, state, _ in told(watching, hand)[:-1]} == {"active"}


def test_an_owner_who_vanishes_is_lost_then_put_away_and_returns_without_a_ring(
    together: Room, watching: Watching, figures: Figures
) -> None:
    ana, ben, cyd = together.ana, together.ben, together.cyd
    together.settle()
    hand = together.start(ana, "-m", CALLER, "-n", "@team")
    ben.until_rung()
    watch = Stopwatch()
    ana.machine.signal_daemon(signal.SIGKILL)
    for host in (ben, cyd):
        until_state(host, hand, "lost")
        popup = until_popup_of(host, "grey")
        assert "Contact lost" in popup.body
        assert popup.buttons.keys() == {"default", "approach", "chat"}
    until_state(ben, hand, "put-away")
    figures.note(f"kill to put away after {PUT_AWAY_AFTER_S} s, at ben", watch.seconds())
    assert ben.machine.escalations() == []
    ben.until_no_popup()
    assert shown(cyd, hand).state == "lost"
    until(lambda: told(watching, hand)[-1] == ("updated", "put-away", None), "ben's watch says it is put away")
    assert [event for event, state, _ in told(watching, hand) if state == "lost"] == ["lost"]
    ana.machine.run("daemon", "start").must()
    for host in (ben, cyd):
        until_state(host, hand, "active")
        until_popup_of(host)
    until(lambda: told(watching, hand)[-1] == ("updated", "active", None), "ben's watch says it is back")
    never(lambda: ben.desk.tones() > 1 or cyd.desk.tones(), "somebody is rung again", for_s=1.0)
    ana.machine.run("end").must()
    must_be_gone(together, hand, "owner")

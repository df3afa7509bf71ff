"""Two daemons on this computer, joined by host: what one raises the other sees, and the owner is told the truth."""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from escalate_daemon.ipc.protocol import (
    DaemonReply,
    EscalationReply,
    GroupReply,
    InviteListReply,
    InviteReply,
    ListReply,
    SpaceReply,
    StatusReply,
    WhoReply,
)
from support.machine import LOG_ONLY, Machine, Machines
from support.waiting import until

pytestmark = pytest.mark.end_to_end


def at(machine: Machine) -> str:
    """Where its daemon listens."""
    port = machine.ask(DaemonReply, "daemon", "status").port
    assert port is not None
    return f"127.0.0.1:{port}"


@dataclass
class Two:
    ana: Machine
    ben: Machine

    def until_together(self) -> None:
        until(lambda: self.ana.online() == self.ben.online() == {"ana", "ben"}, "both see each other")

    def settle(self) -> None:
        """Both up, together, no hand anywhere."""
        for machine in (self.ana, self.ben):
            machine.run("up").must(0)
            machine.run("end").must(0)
        self.until_together()
        until(lambda: not self.ana.escalations() and not self.ben.escalations(), "no hand is up")

    def popups(self) -> list[str]:
        """What came onto ben's screen."""
        path = self.ben.folder / "screen"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@pytest.fixture(scope="module")
def joined() -> Iterator[Two]:
    with Machines() as machines:
        ana = machines.add("ana", env=LOG_ONLY)
        screen = machines.folder / "ben" / "screen"
        ben = machines.add("ben", env={"ESCALATE_NOTIFIER": f"terminal:{screen}"})
        made = ana.ask(SpaceReply, "up", "Floor", "--new")
        came = ben.ask(SpaceReply, "join", ana.ask(InviteReply, "invite").code, at(ana))
        assert came.space == made.space
        two = Two(ana, ben)
        two.until_together()
        yield two


@pytest.fixture
def two(joined: Two) -> Two:
    joined.settle()
    return joined


def test_the_inviter_is_told_whom_its_invite_let_in(machines: Machines) -> None:
    screen = machines.folder / "screen"
    ana = machines.add("ana", env={"ESCALATE_NOTIFIER": f"terminal:{screen}"})
    ben = machines.add("ben", env=LOG_ONLY)
    ana.run("up", "Floor", "--new").must(0)
    told = ben.run("join", ana.ask(InviteReply, "invite").code, at(ana)).must(0)
    fingerprint = next(line.rpartition(" ")[2] for line in told.err.splitlines() if "your fingerprint" in line)
    until(lambda: screen.exists() and fingerprint in screen.read_text(encoding="utf-8"), "ana is told of ben's key")


def test_join_answers_after_the_comparison_so_that_names_are_known(machines: Machines) -> None:
    ana, ben = machines.add("ana", env=LOG_ONLY), machines.add("ben", env=LOG_ONLY)
    ana.run("up", "Floor", "--new").must(0)
    ana.run("start", "-m", "before ben came").must(5)
    ben.run("join", ana.ask(InviteReply, "invite").code, at(ana)).must(0)
    assert [each.message for each in ben.escalations()] == ["before ben came"]
    ben.run("start", "-n", "ana").must(0)


def test_a_red_is_shown_where_it_is_named_and_the_owner_told(two: Two) -> None:
    raised = two.ana.ask(EscalationReply, "start", "-m", "caller is threatening", "-n", "ben").escalation
    assert raised is not None
    assert (raised.level, raised.named, raised.reach.named, raised.reach.online) == ("red", ["ben"], 1, 1)
    until(lambda: any("caller is threatening" in line for line in two.popups()), "it is on ben's screen")

    def reach() -> tuple[int, int]:
        view = two.ana.sees(raised.id)
        return (view.reach.delivered, view.reach.shown) if view else (0, 0)

    until(lambda: reach() == (1, 1), "ana is told that it was delivered and shown")
    two.ana.run("end").must(0)
    until(lambda: not two.ben.escalations(), "it is gone at ben's")
    until(lambda: "over" in two.popups()[-1], "its end is on ben's screen")


def test_an_ended_hand_can_still_be_shown_with_its_note_and_reason(two: Two) -> None:
    raised = two.ana.ask(EscalationReply, "start", "-m", "printer").escalation
    assert raised is not None
    two.ana.run("end", "-m", "ben fixed it").must(0)

    def ended() -> bool:
        shown = two.ben.run("show", raised.id, "--json")
        if shown.exit:
            return False
        view = shown.read(EscalationReply).escalation
        return view is not None and (view.state, view.end_reason, view.note) == ("ended", "owner", "ben fixed it")

    until(ended, "ben is shown the end")


def test_watch_tells_what_is_active_then_ready_then_what_happens(two: Two) -> None:
    two.ana.run("start", "-m", "first").must(0)
    until(two.ben.escalations, "ben sees it")
    with two.ben.watching() as watching:
        until(lambda: [event.event for event in watching.events()][:2] == ["raised", "ready"], "the beginning")
        two.ana.run("end").must(0)
        two.ana.run("start", "-n", "ben", "-m", "second").must(0)

        def told() -> bool:
            hands = [(each.event, each.escalation.message) for each in watching.events() if each.escalation]
            return [each for each in hands if each[0] != "updated"] == [
                ("raised", "first"),
                ("ended", "first"),
                ("raised", "second"),
            ]

        until(told, "all of it is told in order")


def test_show_needs_who_only_where_there_is_a_choice(two: Two) -> None:
    assert two.ana.ask(EscalationReply, "show").escalation is None
    two.ben.run("start", "-m", "ben's").must(0)
    until(two.ana.escalations, "ana sees it")
    only = two.ana.ask(EscalationReply, "show").escalation
    assert only is not None
    assert only.message == "ben's"
    two.ana.run("start", "-m", "ana's").must(0)
    mine = two.ana.ask(EscalationReply, "show").escalation
    theirs = two.ana.ask(EscalationReply, "show", "@ben").escalation
    assert mine is not None
    assert theirs is not None
    assert (mine.message, theirs.message) == ("ana's", "ben's")


def test_a_group_is_known_to_all_and_reached_by_its_name(two: Two) -> None:
    two.ben.ask(GroupReply, "group", "join", "@team")
    until(lambda: any(g.name == "team" for g in two.ana.ask(GroupReply, "group", "list").groups), "ana knows @team")
    raised = two.ana.ask(EscalationReply, "start", "-n", "@team").escalation
    assert raised is not None
    assert (raised.named, raised.reach.named) == (["@team"], 1)
    two.ben.ask(GroupReply, "group", "leave", "team")
    narrowed = two.ana.ask(WhoReply, "who", "ben")
    assert [each.label for each in narrowed.members] == ["ben"]


def test_a_mistyped_group_is_raised_and_warned_of_with_the_nearest(two: Two) -> None:
    two.ben.ask(GroupReply, "group", "join", "leads")
    until(lambda: any(g.name == "leads" for g in two.ana.ask(GroupReply, "group", "list").groups), "ana knows @leads")
    done = two.ana.run("start", "-n", "@laeds", "-m", "help").must(5)
    assert "@laeds" in done.err
    assert "leads" in done.err
    assert [each.named for each in two.ana.escalations()] == [["@laeds"]]
    two.ben.ask(GroupReply, "group", "leave", "leads")


def test_an_absent_member_is_waited_for_no_longer_than_3_s_and_exit_is_5(two: Two) -> None:
    two.ben.signal_daemon(signal.SIGKILL)
    two.ana.run("daemon", "stop").must(0)
    until(lambda: not two.ana.processes(), "ana's daemon is gone")
    began = time.monotonic()
    two.ana.run("start", "-n", "ben").must(5)
    assert time.monotonic() - began > 1.0  # it did wait for ben to come


def test_a_cold_start_answers_0_once_the_named_is_found(two: Two) -> None:
    two.ana.run("daemon", "stop").must(0)
    until(lambda: not two.ana.processes(), "ana's daemon is gone")
    raised = two.ana.ask(EscalationReply, "start", "-n", "ben").escalation
    assert raised is not None
    assert raised.reach.online == 1
    until(lambda: two.ben.sees(raised.id), "ben sees it")


def test_a_killed_owner_comes_back_with_its_hand(two: Two) -> None:
    raised = two.ana.ask(EscalationReply, "start", "-n", "ben", "-m", "still here").escalation
    assert raised is not None
    until(lambda: two.ben.sees(raised.id), "ben sees it")
    before = len([line for line in two.popups() if "still here" in line])
    two.ana.signal_daemon(signal.SIGKILL)
    (mine,) = two.ana.ask(ListReply, "list").escalations
    assert (mine.id, mine.message) == (raised.id, "still here")
    two.until_together()
    until(lambda: two.ben.sees(raised.id), "ben still sees it, active")
    assert len([line for line in two.popups() if "still here" in line]) == before


def test_leaving_ends_the_hand_and_says_goodbye_and_holds_over_a_restart(two: Two) -> None:
    raised = two.ana.ask(EscalationReply, "start", "-m", "leaving").escalation
    assert raised is not None
    until(lambda: two.ben.sees(raised.id), "ben sees it")
    left = two.ana.ask(SpaceReply, "leave")
    assert left.space is not None
    assert left.me is not None
    assert left.me.presence == "left"
    until(lambda: not two.ben.escalations(), "it is gone at ben's")
    until(lambda: [m.presence for m in two.ben.members() if m.name == "ana"] == ["left"], "ben knows that ana left")
    two.ana.run("daemon", "restart").must(0)
    refused = two.ana.run("start").must(8)
    assert "escalate up" in refused.err
    status = two.ana.ask(StatusReply, "status")
    assert (status.me, status.space) == (None, left.space)
    back = two.ana.ask(SpaceReply, "up")
    assert back.me is not None
    assert back.me.presence == "available"
    until(
        lambda: [m.presence for m in two.ben.members() if m.name == "ana"] == ["available"], "ben knows of the return"
    )


def test_a_space_with_others_in_it_is_left_only_by_saying_yes(two: Two, machines: Machines) -> None:
    cyd = machines.add("cyd", env=LOG_ONLY)
    cyd.run("up", "Elsewhere", "--new").must(0)
    code = two.ana.ask(InviteReply, "invite").code
    cyd.ask(SpaceReply, "join", code, at(two.ana))  # alone before: nothing is lost
    until(lambda: cyd.online() >= {"ana", "ben"}, "cyd sees the others")
    elsewhere = machines.add("dan", env=LOG_ONLY)
    elsewhere.run("up", "Third", "--new").must(0)
    third = elsewhere.ask(InviteReply, "invite").code
    refused = cyd.run("join", third, at(elsewhere), "--json").must(8)
    assert '"not-allowed"' in refused.err
    assert "--yes" in refused.err
    moved = cyd.ask(SpaceReply, "join", third, at(elsewhere), "--yes")
    assert moved.space is not None
    assert moved.space.name == "Third"
    cyd.ask(SpaceReply, "join", third)  # again: nothing happens
    assert {each.name for each in cyd.members()} == {"cyd", "dan"}


def test_reusable_invites_let_in_many_until_revoked(two: Two, machines: Machines) -> None:
    given = two.ana.ask(InviteReply, "invite", "--reusable", "--for", "2d")
    assert given.uses is None
    for name in ("eve", "fay"):
        machines.add(name, env=LOG_ONLY).ask(SpaceReply, "join", given.code, at(two.ana))
    (listed,) = two.ana.ask(InviteListReply, "invite", "list").invites
    assert two.ana.ask(InviteListReply, "invite", "revoke", listed.id).invites == []
    late = machines.add("gus", env=LOG_ONLY).run("join", given.code, at(two.ana), "--json").must(8)
    assert '"invite-expired"' in late.err


def test_a_static_peer_needs_no_multicast_and_no_host_again(machines: Machines, tmp_path: Path) -> None:
    ana, ben = machines.add("ana", env=LOG_ONLY), machines.add("ben", env=LOG_ONLY)
    ana.run("up", "Floor", "--new").must(0)
    ben.run("config", "set", "daemon.peers", at(ana)).must(0)
    ben.run("join", ana.ask(InviteReply, "invite").code, at(ana)).must(0)
    ben.run("daemon", "restart").must(0)
    until(lambda: ben.online() == {"ana", "ben"}, "ben finds ana again")


def test_a_fleets_machine_joins_by_the_invite_of_its_config_and_not_again_after_giving_up(machines: Machines) -> None:
    ana, ben = machines.add("ana", env=LOG_ONLY), machines.add("ben", env=LOG_ONLY)
    ana.run("up", "Floor", "--new").must(0)
    code = ana.ask(InviteReply, "invite", "--reusable").code
    ben.run("config", "set", "space.join", code).must(0)
    ben.run("config", "set", "daemon.peers", at(ana)).must(0)
    ben.run("daemon", "start").must(0)
    until(lambda: ben.online() == {"ana", "ben"}, "ben is in by itself")
    ben.run("leave", "--forget").must(0)
    ben.run("daemon", "restart").must(0)
    assert ben.ask(StatusReply, "status").space is None


def test_a_toggle_in_vain_says_so_on_the_screen(machines: Machines) -> None:
    screen = machines.folder / "screen"
    ana = machines.add("ana", env={"ESCALATE_NOTIFIER": f"terminal:{screen}"})
    ana.run("toggle").must(8)
    until(lambda: screen.exists() and "Nothing was raised" in screen.read_text(encoding="utf-8"), "the pop-up")
    ana.run("up", "Floor", "--new").must(0)
    ana.run("toggle", "-m", "help").must(5)
    until(lambda: "NOBODY" in screen.read_text(encoding="utf-8"), "it says that nobody can see it")

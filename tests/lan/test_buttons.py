"""Every button of a pop-up, pressed for real, does on all machines what its verb does.

Ana's hand is answered by buttons alone, cyd's by verbs alone, step by step; both name ben, and after every step the
two must stand alike on all three machines, on the screens too.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec
import pytest

from escalate_daemon.ipc.protocol import Escalation, EscalationReply, ListReply, ShowRequest
from escalate_daemon.notify.sound import PLAY_LIMIT_S
from support.acting import Program
from support.popups import Event
from support.room import CALLER, Host, Room
from support.waiting import Figures, Stopwatch, until

pytestmark = pytest.mark.lan

TYPED = "somebody is shouting"  # what the hand says that is answered by verbs; CALLER is answered by buttons
ON_MY_WAY = "on my way"
THANKS = "thank you"
CLAIMED_WITHIN_S = 2.0
ENDLESS_S = PLAY_LIMIT_S - 1.0  # a player that does not end is ended after that
ANSWERS = {"default": "Seen", "approach": "Approach", "chat": "Chat"}
COMING = {"default": "Seen", "withdraw": "Not coming", "chat": "Chat"}
OWNERS = {"default": "Seen", "chat": "Chat", "end": "End it"}

Screen = tuple[str, dict[str, str], bool] | None  # colour, buttons, critical; None: no pop-up


@dataclass(frozen=True)
class Stand:
    """How one hand stands on one machine, by the parts that people play in it: owner, ben, other."""

    state: str
    reason: str | None
    claims: list[tuple[str, bool]]
    thread: list[tuple[str, str]]
    reach: tuple[int, int, int]
    popup: Screen


@dataclass(frozen=True)
class Answered:
    """A hand of `owner`'s that ben answers; `other` is not named."""

    hand: str
    message: str
    owner: Host
    ben: Host
    other: Host

    def popup(self, host: Host) -> Event | None:
        """Its pop-up at a host, where one is up."""
        return next((each for each in host.desk.up() if self.message in each.title), None)

    def press(self, host: Host, button: str, *, twice: bool = False) -> None:
        """Press a button of its pop-up as soon as that is offered; `twice`: a double click."""

        def offering() -> Event | None:
            popup = self.popup(host)
            return popup if popup and button in popup.buttons else None

        number = until(offering, f"{host.name} is offered {button}").id
        host.desk.server.press(number, button)
        if twice:
            host.desk.server.tell(f"invoke {number} {button}")

    def stands(self) -> dict[str, Stand]:
        """On every machine."""
        return {part: self._stand(host) for part, host in self._parts().items()}

    def _parts(self) -> dict[str, Host]:
        return {"owner": self.owner, "ben": self.ben, "other": self.other}

    def _stand(self, host: Host) -> Stand:
        view = shown(host, self.hand)
        part = {host.name: name for name, host in self._parts().items()}
        reach = view.reach
        popup = self.popup(host)
        return Stand(
            view.state,
            view.end_reason,
            [(part[claim.member.name], claim.counts) for claim in view.claims],
            [(part[line.member.name], line.text) for line in view.thread],
            (reach.shown, reach.sounded, reach.seen),
            (popup.colour, popup.buttons, popup.critical) if popup else None,
        )


def shown(host: Host, hand: str) -> Escalation:
    """What `escalate show ID` tells at a host."""
    reply = host.machine.look(ShowRequest(who=hand))
    assert isinstance(reply, EscalationReply), reply
    assert reply.escalation is not None
    return reply.escalation


def until_alike(pressed: Answered, typed: Answered, reached: Callable[[Stand], bool]) -> dict[str, Stand]:
    """Wait until both stand alike, and everywhere as `reached` says."""
    last: list[dict[str, Stand]] = []

    def alike() -> bool:
        last[:] = [pressed.stands(), typed.stands()]
        return last[0] == last[1] and all(map(reached, last[0].values()))

    try:
        until(alike, "both stand alike", within_s=30.0)
    except AssertionError:
        assert last[0] == last[1]
        raise AssertionError(f"alike, but not as wanted: {last[0]}") from None
    return last[0]


@pytest.fixture(scope="module")
def acting(together: Room) -> Iterator[Room]:
    """The room, in which ana and ben have programs of their own behind the buttons, and cyd has none."""
    for host, says in ((together.ana, THANKS), (together.ben, ON_MY_WAY)):
        program = Program(host.machine)
        host.machine.run("config", "set", "chat.open", program.typed("thread", says=says)).must()
        host.machine.run("config", "set", "approach.run", program.typed("go", "--fast")).must()
        if host is together.ben:
            wrap_player(host)
        host.machine.run("daemon", "restart").must()
    yield together
    together.ben.machine.env["PATH"] = together.cyd.machine.env["PATH"]
    for host in (together.ana, together.ben):
        (host.machine.home / "config.toml").unlink()
        host.machine.run("daemon", "restart").must()


@dataclass(frozen=True)
class Story:
    """Both hands, and how each stood after every step."""

    pressed: Answered
    typed: Answered
    after: dict[str, dict[str, Stand]]


@pytest.fixture(scope="module")
def story(acting: Room) -> Story:
    """Chat, approach, withdraw, the owner's chat and end: by buttons at ana's, by verbs at cyd's."""
    ana, ben, cyd = acting.ana, acting.ben, acting.cyd
    acting.settle()
    pressed = Answered(acting.start(ana, "-m", CALLER, "-n", "@team"), CALLER, ana, ben, cyd)
    typed = Answered(acting.start(cyd, "-m", TYPED, "-n", "@team"), TYPED, cyd, ben, ana)
    for each in (pressed, typed):
        each.owner.until_told_sounded(each.hand)
    after = {"raised": until_alike(pressed, typed, lambda stand: stand.state == "active")}

    pressed.press(ben, "chat")
    ben.machine.run("chat", typed.hand, ON_MY_WAY).must()
    after["chat"] = until_alike(pressed, typed, lambda stand: bool(stand.thread) and stand.reach[2] == 1)

    pressed.press(ben, "approach", twice=True)
    ben.machine.run("approach", typed.hand).must()
    after["approach"] = until_alike(pressed, typed, lambda stand: bool(stand.claims))

    pressed.press(ben, "withdraw")
    ben.machine.run("approach", typed.hand, "--undo").must()
    after["withdraw"] = until_alike(pressed, typed, lambda stand: not stand.claims)

    pressed.press(ana, "chat")
    cyd.machine.run("chat", typed.hand, THANKS).must()
    after["owner's chat"] = until_alike(pressed, typed, lambda stand: len(stand.thread) > 1)

    pressed.press(ana, "end")
    cyd.machine.run("end").must()
    after["end"] = until_alike(pressed, typed, lambda stand: stand.state == "ended" and stand.popup is None)
    return Story(pressed, typed, after)


def test_a_red_offers_the_buttons_to_the_named_and_to_all_others(story: Story) -> None:
    stands = story.after["raised"]
    assert stands["ben"].popup == ("red", ANSWERS, True)
    assert stands["other"].popup == ("red", ANSWERS, False)
    assert stands["owner"].popup is None


def test_the_chat_button_says_what_the_verb_says_and_gives_the_owner_a_popup(story: Story) -> None:
    stands = story.after["chat"]
    assert all(stand.thread == [("ben", ON_MY_WAY)] for stand in stands.values())
    assert stands["owner"].popup is not None
    assert stands["owner"].popup[1] == OWNERS
    assert stands["ben"].popup == ("red", ANSWERS, True)  # who has chatted can still approach


def test_the_chat_button_runs_the_persons_program_with_the_escalation(story: Story, acting: Room) -> None:
    run = Program(acting.ben.machine).until_run("chat", story.pressed.hand)
    assert run.argv == ["thread"]
    assert (run.stdin.v, run.stdin.event, run.stdin.escalation.id) == (1, "chat", story.pressed.hand)
    assert run.stdin.escalation.owner.host == "ana"
    assert run.stdin.escalation.message == run.env["MESSAGE"] == CALLER
    assert (run.env["OWNER"], run.env["HOST"], run.env["LEVEL"]) == ("ana", "ana", "red")


def test_the_approach_button_claims_as_the_verb_does_and_turns_every_popup_green(story: Story) -> None:
    stands = story.after["approach"]
    assert all(stand.claims == [("ben", True)] for stand in stands.values())
    assert stands["ben"].popup == ("green", COMING, False)
    assert stands["other"].popup == ("green", ANSWERS, False)
    assert stands["owner"].popup == ("green", OWNERS, False)


def test_button_and_verb_run_the_persons_approach_program_with_the_escalation(story: Story, acting: Room) -> None:
    program = Program(acting.ben.machine)
    for each in (story.pressed, story.typed):
        run = program.until_run("approach", each.hand)
        assert run.argv == ["go", "--fast"]
        assert run.stdin.event == run.env["EVENT"] == "approach"
        assert run.stdin.escalation.id == each.hand
        assert [claim.member.name for claim in run.stdin.escalation.claims] == ["ben"]
        assert (run.env["MESSAGE"], run.env["OWNER"], run.env["MINE"]) == (each.message, each.owner.name, "0")
        once = [
            each for each in program.runs("approach") if each.env["ID"] == each.stdin.escalation.id == run.env["ID"]
        ]
        assert len(once) == 1, "however often it was clicked"


def test_the_withdraw_button_turns_every_popup_back_as_the_verb_does(story: Story) -> None:
    stands = story.after["withdraw"]
    assert all(not stand.claims and stand.state == "active" for stand in stands.values())
    assert stands["ben"].popup == ("red", ANSWERS, True)
    assert stands["other"].popup == ("red", ANSWERS, False)
    assert stands["owner"].popup == ("red", OWNERS, True)  # loud: nobody is coming any more


def test_the_owners_chat_button_says_what_the_verb_says(story: Story) -> None:
    said = [("ben", ON_MY_WAY), ("owner", THANKS)]
    assert all(stand.thread == said for stand in story.after["owner's chat"].values())


def test_the_owners_end_button_ends_it_everywhere_as_the_verb_does(story: Story) -> None:
    stands = story.after["end"]
    assert all((stand.state, stand.reason) == ("ended", "owner") for stand in stands.values())


def test_a_click_is_seen_and_takes_the_popup_away_as_the_verb_does(acting: Room) -> None:
    ana, ben, cyd = acting.ana, acting.ben, acting.cyd
    acting.settle()
    pressed = Answered(acting.start(ana, "-m", CALLER, "-n", "ben"), CALLER, ana, ben, cyd)
    typed = Answered(acting.start(cyd, "-m", TYPED, "-n", "ben"), TYPED, cyd, ben, ana)
    for each in (pressed, typed):
        each.owner.until_told_sounded(each.hand)
    pressed.press(ben, "default")
    ben.machine.run("seen", typed.hand).must()
    stands = until_alike(pressed, typed, lambda stand: stand.reach[2] == 1)
    assert stands["ben"].popup is None
    assert stands["other"].popup == ("red", ANSWERS, False)


def test_approach_in_a_room_is_refused_and_the_popup_says_so(acting: Room) -> None:
    ana, ben = acting.ana, acting.ben
    acting.settle()
    ben.machine.run("room", "Blue").must()
    hand = acting.start(ana, "-m", CALLER)
    answered = Answered(hand, CALLER, ana, ben, acting.cyd)
    answered.press(ben, "approach")
    until(lambda: [each for each in ben.desk.up() if "you are in room Blue" in each.body], "ben is told why not")
    assert ben.machine.run("approach", "ana").must(7).err.count("room Blue") == 1
    assert not shown(ana, hand).claims
    assert not any(run.env["ID"] == hand for run in Program(ben.machine).runs("approach"))
    ben.machine.run("room", "--leave").must()
    answered.press(ben, "approach")
    until(lambda: shown(ana, hand).claims, "ana is told that ben is coming")


def test_a_yellow_offers_the_buttons_and_chat_without_a_program_names_the_command(acting: Room) -> None:
    ana, ben, cyd = acting.ana, acting.ben, acting.cyd
    acting.settle()
    hand = acting.start(ana, "-m", CALLER)
    answered = Answered(hand, CALLER, ana, ben, cyd)
    for host in (ben, cyd):
        assert host.until_popup().buttons == ANSWERS
    answered.press(cyd, "chat")
    words = f"escalate chat {hand}"
    (told,) = until(lambda: [each for each in cyd.desk.up() if words in each.body], "cyd is told what to type")
    assert told.colour == "grey"
    assert cyd.machine.run(*words.split()[1:], "is it urgent?").must()
    until(lambda: shown(ana, hand).thread, "ana has it in her thread")


def test_the_buttons_of_a_popup_from_before_a_restart_work(acting: Room) -> None:
    ana, ben, cyd = acting.ana, acting.ben, acting.cyd
    acting.settle()
    hand = acting.start(ana, "-m", CALLER)
    answered = Answered(hand, CALLER, ana, ben, cyd)
    cyd.machine.run("chat", "ana", "which door?").must()
    number = until(lambda: answered.popup(ana), "ana is told of it").id
    told = len(ana.desk.server.notified())
    ana.machine.run("daemon", "restart").must()
    until(lambda: len(ana.desk.server.notified()) > told, "the new run has taken her pop-up over")
    assert [each.id for each in ana.desk.up()] == [number]
    answered.press(ana, "end")
    until(lambda: shown(ben, hand).end_reason == "owner", "ben sees that it has ended")


def test_a_claim_stops_the_tone_and_is_told_to_the_owner_at_once(acting: Room, figures: Figures) -> None:
    ana, ben, cyd = acting.ana, acting.ben, acting.cyd
    acting.settle()
    with ana.machine.watching() as watching, endless_tone(ben):
        until(lambda: any(event.event == "ready" for event in watching.events()), "watch is ready")
        waiting = ana.machine.spawn("start", "-m", CALLER, "-n", "@team", "--wait", "claim", "--json")
        until(lambda: not ben.desk.silent(), "the tone plays")
        watch = Stopwatch()
        cyd.machine.run("approach", "ana").must()
        out, _ = waiting.communicate(timeout=60)
        figures.note("approach to the end of --wait claim", watch.seconds(), CLAIMED_WITHIN_S)
        until(lambda: any(event.event == "claimed" for event in watching.events()), "watch tells of it")
    assert waiting.returncode == 0
    waited = msgspec.json.decode(out, type=EscalationReply).escalation
    assert waited is not None
    for told in (waited, ana.machine.ask(ListReply, "list").escalations[0], shown(ana, waited.id)):
        assert [(claim.member.name, claim.counts) for claim in told.claims] == [("cyd", True)]
    assert "cyd is coming" in ana.machine.run("list").must().out
    until(lambda: ben.desk.still_for(1.0), "the tone has stopped")
    assert ben.desk.sounded_for() < ENDLESS_S
    assert shown(ana, waited.id).reach.sounded == 0
    (popup,) = ben.desk.up()
    assert (popup.colour, popup.critical) == ("green", False)


@contextmanager
def endless_tone(host: Host) -> Iterator[None]:
    """Within it the host's player plays the tone again and again, until it is stopped or its daemon's patience ends."""
    flag = host.machine.folder / "endless"
    flag.touch()
    try:
        yield
    finally:
        flag.unlink()


def wrap_player(host: Host) -> None:
    """Put a player before the system's own on PATH that obeys `endless_tone`."""
    wrapper = host.machine.folder / "bin" / "paplay"
    wrapper.parent.mkdir()
    played = f'{shutil.which("paplay")} "$@"'
    wrapper.write_text(
        f"#!/bin/sh\nwhile [ -e {host.machine.folder}/endless ]; do {played} || exit; done\nexec {played}\n"
    )
    wrapper.chmod(0o755)
    host.machine.env["PATH"] = f"{wrapper.parent}:{host.machine.env['PATH']}"

"""A member that lies in every field of its signed slots: whoever reads it sees clean text, and nothing breaks."""

import json
import subprocess
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from escalate_daemon.core import slots, tuning, wire
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.slots import Answers, Claim, End, Line, Receipt, Receipts, Step, Target
from escalate_daemon.core.wire import Record
from escalate_daemon.ipc.protocol import ListReply, Member
from support.floor import Floor, at, floor
from support.hostile import MARKUP, NASTY, SHELL, Hostile, hostile
from support.machine import Machine, Watching
from support.need import need_tools
from support.waiting import until

pytestmark = pytest.mark.end_to_end

ABSURD = (-1, -(2**63), 2**53, 2**63 - 1, 2**64 - 1)
JOINERS = "\u200c\u200d"
PRINTS: tuple[tuple[str, ...], ...] = (
    ("list",),
    ("list", "--prompt"),
    ("list", "--json"),
    ("who",),
    ("who", "--json"),
    ("status",),
    ("status", "--json"),
    ("history",),
    ("history", "--csv"),
    ("history", "--stats"),
    ("history", "--json"),
    ("group", "list"),
    ("group", "list", "--json"),
    ("daemon", "logs"),
)


TEXTS = {
    "escapes": NASTY,
    "markup": MARKUP,
    "shell": SHELL,
    "option": "--help",
    "length": "W" * 1500,
}


@dataclass
class Stage:
    """Ana and ben, and one hostile member for each kind of text, all linked with ana."""

    floor: Floor
    liars: dict[str, Hostile]

    def until_all_see(self, *hands: str) -> None:
        """Wait until ana and ben list these as active."""
        for hand in hands:
            self.floor.until_all_see(hand)

    def id_of(self, name: str) -> MemberId:
        """The member id of an honest one."""
        return MemberId(bytes.fromhex(next(each.id for each in self.floor["ana"].members() if each.name == name)))

    def forget_all(self) -> None:
        """No liar has anything up or says anything."""
        for liar in self.liars.values():
            liar.forget_hand()
            liar.says(liar.profile(), liar.signed(slots.STATE, slots.State()), liar.signed(slots.ANSWERS, Answers()))
        self.floor.settle()


@pytest.fixture(scope="module")
def joined() -> Iterator[Stage]:
    with floor("ana", "ben") as made, ExitStack() as stack:
        founder, address = made["ana"].home / "state" / "membership", at(made["ana"])
        liars = {what: stack.enter_context(hostile(founder, address, f"liar {what}")) for what in TEXTS}
        ids = {liar.id.hex() for liar in liars.values()}
        until(
            lambda: all(ids <= {each.id for each in machine.members() if each.online} for machine in made.all),
            "both see the liars online",
        )
        yield Stage(made, liars)


@pytest.fixture
def stage(joined: Stage) -> Iterator[Stage]:
    """No hand up anywhere; afterwards both daemons are as well as before."""
    joined.forget_all()
    yield joined
    for machine in joined.floor.all:
        assert "fault" not in machine.run("status").must(0).err
        log = (machine.home / "state" / "daemon.log").read_text(encoding="utf-8")
        assert "Traceback" not in log, log[-4000:]
        assert all(is_clean(line) for line in log.splitlines())


def seen_of(machine: Machine, member: MemberId) -> Member:
    return next(each for each in machine.members() if each.id == member.hex())


def is_clean(text: str) -> bool:
    """One line that moves no cursor, reorders nothing, and piles up no marks."""
    marks = 0
    for char in text:
        category = unicodedata.category(char)
        marks = marks + 1 if category[0] == "M" else 0
        if marks > tuning.MAX_COMBINING or (category in {"Cc", "Cf", "Cs", "Co", "Cn"} and char not in JOINERS):
            return False
    return True


def texts_in(value: object) -> Iterator[str]:
    """Every text in a decoded JSON object."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each)


def all_prints_are_clean(machine: Machine, *besides: tuple[str, ...]) -> None:
    """What every command prints of it, and what came onto the screen."""
    for argv in (*PRINTS, *besides):
        done = machine.run(*argv).must(0)
        for line in (done.out + done.err).splitlines():
            assert is_clean(line.replace("\t", "")), (argv, line)  # between columns
        if "--json" in argv:
            assert all(is_clean(text) for text in texts_in(json.loads(done.out))), argv
    screen = machine.folder / "screen"
    for line in screen.read_text(encoding="utf-8").splitlines() if screen.exists() else ():
        assert is_clean(line), line


def test_hostile_hands_are_shown_clean_on_every_screen_and_in_every_print(stage: Stage) -> None:
    ana = stage.floor["ana"]
    with ana.watching() as watching:
        until(watching.events, "the watch has begun")
        for what, liar in stage.liars.items():
            part = TEXTS[what][:300]
            nobody = (Target(MemberId(bytes(16))), Target(MemberId(b"x")))
            named = (Target(word="@everyone"), Target(word=f"@{part}"), *nobody)
            ladder = (Step(1_000, (Target(word=f"@{part}"),)), Step(-5, ()), Step(2**62, named))
            liar.says(liar.state(message=TEXTS[what], named=named, ladder=ladder))
        hands = [liar.hand for liar in stage.liars.values()]
        stage.until_all_see(*hands)
        for name in ("ana", "ben"):
            until(lambda name=name: len(stage.floor.screen(name)) >= len(hands), f"{name} is shown them")  # type: ignore[misc]
        until(lambda: told(watching) >= set(hands), "the watch tells of them")
        for line in watching.lines():
            assert all(is_clean(each) for each in texts_in(json.loads(line))), line
    for hand in ana.ask(ListReply, "list").escalations:
        assert hand.message is not None
        assert len(hand.message) <= tuning.MESSAGE_POINTS
        assert "@everyone" in hand.named
    one = stage.liars["escapes"].hand
    all_prints_are_clean(ana, ("show", one), ("show", one, "--json"), ("chat", one))


def told(watching: Watching) -> set[str]:
    """The hands of which a watch has told."""
    return {event.escalation.id for event in watching.events() if event.escalation is not None}


def test_hostile_rooms_presences_and_notes_are_shown_clean(stage: Stage) -> None:
    ana = stage.floor["ana"]
    for liar in stage.liars.values():
        liar.says(liar.state(message="first"))
    stage.until_all_see(*(liar.hand for liar in stage.liars.values()))
    for what, liar in stage.liars.items():
        end = End(liar.hand, TEXTS[what][:40], TEXTS[what], -7)
        liar.says(liar.signed(slots.STATE, slots.State(presence="room", room=TEXTS[what], end=end)))
    stage.floor.until_over("ana")
    for liar in stage.liars.values():
        shown = stage.floor.show("ana", liar.hand)
        assert shown.state == "ended"
        assert is_clean(shown.note or "")
        assert len(shown.note or "") <= tuning.MESSAGE_POINTS
        assert len(seen_of(ana, liar.id).room or "") <= tuning.NAME_POINTS
    all_prints_are_clean(ana, ("show", stage.liars["escapes"].hand))
    for what, liar in stage.liars.items():
        liar.says(liar.signed(slots.STATE, slots.State(presence=TEXTS[what], room=TEXTS[what])))
    until(
        lambda: all(seen_of(ana, liar.id).presence == "available" for liar in stage.liars.values()),
        "a presence that nobody knows is the nearest that is known",
    )
    all_prints_are_clean(ana)


def test_hostile_profiles_are_shown_clean_and_complete_to_nothing_that_runs(stage: Stage) -> None:
    ana = stage.floor["ana"]
    for what, liar in stage.liars.items():
        liar.says(lying_profile(liar, TEXTS[what][:150]), liar.state(named=(Target(word="@everyone"),)))
    stage.until_all_see(*(liar.hand for liar in stage.liars.values()))
    until(lambda: not any(each.name.startswith("liar") for each in ana.members()), "ana has the new profiles")
    for liar in stage.liars.values():
        seen = seen_of(ana, liar.id)
        assert seen.hears == "none"
        shown = (seen.name, seen.host, seen.location, seen.phone, seen.url, seen.version, seen.label, *seen.groups)
        assert all(is_clean(each or "") for each in shown)
        assert len(seen.name) <= tuning.NAME_POINTS
        assert len(seen.groups) <= tuning.GROUPS_MAX
    all_prints_are_clean(ana, ("who", stage.liars["escapes"].id.hex()), ("show", stage.liars["escapes"].hand))
    for words in (("show",), ("start", "-n"), ("group", "join")):
        for shell in ("zsh", "fish"):
            completes_clean(ana, shell, "", *words)
        completes_clean(ana, "powershell", ESCALATE_COMPLETE="\n".join(("", *words)))


def completes_clean(machine: Machine, *argv: str, **env: str) -> None:
    """A TAB offers only lines that a terminal may show."""
    offered = machine.run("__complete", *argv, **env).must(0)
    assert offered.out
    assert all(is_clean(each.replace("\t", "")) for each in offered.out.splitlines()), (argv, offered.out)


def lying_profile(liar: Hostile, text: str) -> Record:
    """A profile with this text in every field."""
    return liar.profile(
        name=text,
        host=text,
        groups=(text, "", "everyone", "pwn ed", *[f"g{number}" for number in range(60)]),
        location=text,
        phone=text,
        url=f"javascript:{text}",
        addresses=(text, "999.1.1.1:99999999", "[::1", "127.0.0.1:0"),
        hears=text,
        version=text,
    )


@pytest.mark.parametrize("word", ["", "$", "-"])
def test_bash_runs_nothing_of_what_a_hostile_name_completes_to(stage: Stage, word: str) -> None:
    need_tools("bash")
    ana = stage.floor["ana"]
    for what, liar in stage.liars.items():
        liar.says(lying_profile(liar, TEXTS[what][:150]), liar.state(named=(Target(word="@everyone"),)))
    until(lambda: not any(each.name.startswith("liar") for each in ana.members()), "ana has the new profiles")
    line = f"escalate start -n {word}"
    offered = ana.run("__complete", "bash", "5.2", line, str(len(line)), word).must(0).out.splitlines()
    for each in offered:
        # As bash would read it once it stands on the command line and is sent off.
        ran = subprocess.run(
            ["bash", "-c", f"printf '%s\\n' {each}"], cwd=ana.folder, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, (each, ran.stderr)
        assert ran.stdout.count("\n") == 1, (each, ran.stdout)
    assert not list(ana.folder.rglob("pwned"))
    assert offered or word == "-"


def test_hostile_answers_are_shown_clean_and_count_for_nothing_they_are_not(stage: Stage) -> None:
    hand = stage.floor.start("ben", "-m", "help", "-n", "ana")
    stage.until_all_see(hand)
    ben, liar = stage.id_of("ben"), stage.liars["escapes"]
    strange = [Claim(f"{number:016x}", MemberId(number.to_bytes(16, "big"))) for number in range(50)]
    claims = (*strange, Claim(liar.hand, liar.id), *[Claim(hand, ben, age) for age in (*ABSURD, 5)])
    texts = (*(text[:400] for text in TEXTS.values()), "", " ", "\n")
    numbered = zip(texts, (*ABSURD, 0, 1, 2), (*ABSURD, 0, 0, 0), strict=True)
    lines = [Line(hand, ben, age, text, number) for text, age, number in numbered]
    elsewhere = (Line("no-such-hand", ben, 0, "to nobody"), Line(hand, MemberId(b""), 0, "to nobody's"))
    liar.says(liar.signed(slots.ANSWERS, Answers(claims, (*lines, *elsewhere))))
    until(lambda: stage.floor.show("ben", hand).thread, "ben has its lines")
    seen = stage.floor.show("ben", hand)
    assert [claim.member.id for claim in seen.claims] == [liar.id.hex()], "one member claims once"
    assert all(is_clean(line.text) and len(line.text) <= tuning.LINE_POINTS for line in seen.thread)
    assert not any("to nobody" in line.text for line in seen.thread)
    all_prints_are_clean(stage.floor["ben"], ("show", hand), ("show", hand, "--json"), ("chat", hand))
    stage.floor["ana"].run("approach", hand).must(0)
    until(lambda: len(stage.floor.show("ben", hand).claims) == 2, "ana's claim stands beside it")


def test_claims_on_one_s_own_hand_and_receipts_of_the_unnamed_count_for_nothing(stage: Stage) -> None:
    liar = stage.liars["markup"]
    liar.says(liar.state(message="help me", named=(Target(word="@everyone"),)))
    hand = stage.floor.start("ben", "-m", "for ana alone", "-n", "ana")
    stage.until_all_see(liar.hand, hand)
    ben = stage.id_of("ben")
    receipts = tuple(Receipt(hand, ben, age, age, age, age, "\x1b[31mlost") for age in (0, *ABSURD))
    answers = Answers((Claim(liar.hand, liar.id),), (Line(hand, ben, 0, "mark"),))
    liar.says(liar.signed(slots.RECEIPTS, Receipts(receipts)), liar.signed(slots.ANSWERS, answers))
    until(lambda: stage.floor.show("ben", hand).thread, "what it said has come")
    shown = stage.floor.show("ben", hand)
    assert (shown.reach.named, [receipt.member.name for receipt in shown.receipts]) == (1, ["ana"])
    assert stage.floor.show("ana", liar.hand).claims == []
    all_prints_are_clean(stage.floor["ben"])


BODIES = {
    "no MessagePack": b"\xc1\xff\x00",
    "another shape": wire.encode(End("x", "y")),
    "nothing": b"",
    "a lone surrogate": wire.encode(slots.State(room="\u3042")).replace("\u3042".encode(), b"\xed\xa0\x80"),
    "deep nesting": b"\x91" * 3000,
}


def test_slots_that_cannot_be_read_harm_nobody(stage: Stage) -> None:
    for (what, liar), body in zip(stage.liars.items(), BODIES.values(), strict=True):
        liar.says(*(liar.signed(slot, body) for slot in (slots.STATE, slots.ANSWERS, slots.RECEIPTS, slots.GRANTS)))
        assert not liar.is_cut_off(), what
    hand = stage.floor.start("ana", "-m", "still well", "-n", "ben")
    stage.until_all_see(hand)
    all_prints_are_clean(stage.floor["ana"])


def test_ten_thousand_claims_are_too_large_a_slot_and_cost_the_link(stage: Stage) -> None:
    founder, address = stage.floor["ana"].home / "state" / "membership", at(stage.floor["ana"])
    with hostile(founder, address, "greedy") as greedy:
        claims = tuple(Claim(f"{number:016x}", greedy.peer) for number in range(10_000))
        body = wire.encode(Answers(claims))
        assert len(body) > tuning.FRAME_BYTES
        greedy.says(greedy.signed(slots.ANSWERS, body[: tuning.SLOT_BYTES[slots.ANSWERS]]))
        until(greedy.is_cut_off, "ana has closed the link")
    hand = stage.floor.start("ana", "-m", "still well", "-n", "ben")
    stage.until_all_see(hand)

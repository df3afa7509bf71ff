"""The watch stream in a pipe, and the board on a terminal."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from escalate_cli import board, output, words
from escalate_cli.follow import Begun, Tick
from escalate_daemon import paths
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import AnyReply, AnyRequest, Event, ListReply, ListRequest, failure
from support.objects import AT, escalation, member
from support.scripted import Script, serving
from support.waiting import until

ANA = member("ana")
HAND = escalation(ANA)
EVENTS = [
    Event(event="raised", escalation=HAND),
    Event(event="ready"),
    Event(event="member", member=ANA),
    Event(event="ended", escalation=escalation(ANA, state="ended")),
]
INSIDE = ListReply(escalations=[])


def watching(home: Path, *argv: str) -> "subprocess.Popen[bytes]":
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ESCALATE_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-m", "escalate_cli", "watch", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )


def test_a_pipe_gets_one_object_a_line_as_it_happens(where: paths.Paths, home: Path) -> None:
    with serving(where.socket, Script({ListRequest: INSIDE}, events=EVENTS)):
        process = watching(home)
        assert process.stdout is not None
        lines = [json.loads(process.stdout.readline()) for _ in EVENTS]
        process.terminate()
        process.communicate()
    assert [list(line) for line in lines] == [
        ["v", "event", "escalation"],
        ["v", "event"],
        ["v", "event", "member"],
        ["v", "event", "escalation"],
    ]
    assert [line["event"] for line in lines] == ["raised", "ready", "member", "ended"]


def test_a_reader_that_leaves_ends_the_watch(where: paths.Paths, home: Path) -> None:
    script = Script({ListRequest: INSIDE}, events=EVENTS[:2])
    with serving(where.socket, script):
        process = watching(home)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""
        process.stderr.close()
        until(lambda: script.watchers == 0, "the daemon notices that the watcher left")


def test_a_daemon_that_is_killed_is_found_again_and_the_stream_begins_again(where: paths.Paths, home: Path) -> None:
    script = Script({ListRequest: INSIDE}, events=EVENTS[:2])
    with serving(where.socket, script):
        process = watching(home, "-q")
        assert process.stdout is not None
        assert [b"raised" in process.stdout.readline(), b"ready" in process.stdout.readline()] == [True, True]
    with serving(where.socket, script):
        assert [b"raised" in process.stdout.readline(), b"ready" in process.stdout.readline()] == [True, True]
        process.terminate()
        process.communicate()


def test_leaving_the_space_ends_the_watch_with_a_hint(where: paths.Paths, home: Path) -> None:
    class Left(Script):
        watched = 0

        async def handle(self, request: AnyRequest) -> AnyReply:
            return ListReply(escalations=[], in_space=self.watched == 0)

        async def watch(self) -> AsyncIterator[Event]:
            self.watched += 1
            yield Event(event="ready")

    with serving(where.socket, Left()):
        process = watching(home)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out.count(b"ready")) == (0, 1)
    assert b"escalate join" in err


# --- The board -------------------------------------------------------------------------------------
@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "coloured", lambda: False)


def test_the_board_shows_what_is_up_mine_first_and_forgets_what_ended() -> None:
    shown = board.Board()
    mine = escalation(member("me", me=True), level="yellow", message="mine")
    for step in (Begun(), Event(event="raised", escalation=HAND), Event(event="raised", escalation=mine)):
        shown.take(step, 0.0)
    lines = shown.lines(0.0)
    assert lines[0].startswith("escalate: 2 active")
    assert "mine" in lines[3]
    assert "caller is threatening" in lines[4]
    shown.take(EVENTS[3], 1.0)
    assert shown.lines(1.0)[0].startswith("escalate: 1 active")


def test_ages_go_on_while_nothing_comes() -> None:
    shown = board.Board()
    shown.take(Begun(), 0.0)
    shown.take(EVENTS[0], 0.0)
    assert "12s" in shown.lines(0.0)[-1]
    shown.take(Tick(), 30.0)
    assert "42s" in shown.lines(30.0)[-1]


def test_a_stream_that_begins_again_voids_the_board() -> None:
    shown = board.Board()
    for step in (Begun(), EVENTS[0], Begun(open_space=True)):
        shown.take(step, 0.0)
    assert "nothing is active" in shown.lines(0.0)
    assert any("OPEN SPACE" in line for line in shown.lines(0.0))


def test_claims_and_chat_are_news_under_the_table() -> None:
    shown = board.Board()
    old = protocol.ChatLine(member=ANA, at=AT, text="hurry")
    new = protocol.ChatLine(member=member("sam"), at=AT, text="on my\x1b way")
    spoken = replace(HAND, thread=[old])
    answered = replace(spoken, thread=[old, new])
    claims = [protocol.Claim(member=member("sam"), at=AT, counts=True)]
    claimed = replace(answered, claims=claims)
    for step in (
        Begun(),
        Event(event="raised", escalation=spoken),
        Event(event="ready"),
        Event(event="chat", escalation=answered),
        Event(event="claimed", escalation=claimed),
        Event(event="updated", escalation=claimed),
    ):
        shown.take(step, 0.0)
    lines = shown.lines(0.0)
    assert lines[-2:] == [f"ana's red: {words.when(AT)} sam: on my\\x1b way", "ana's red: sam is coming"]
    assert "sam is coming" in lines[3]
    for _ in range(9):
        shown.take(Event(event="claimed", escalation=answered), 0.0)
        shown.take(Event(event="claimed", escalation=claimed), 0.0)
    assert len(shown.lines(0.0)) == 10, "the newest news alone"


def test_a_frame_fits_its_terminal() -> None:
    drawn = board.frame([f"line {number} is long" for number in range(10)], columns=6, rows=5)
    assert drawn.removeprefix("\x1b[H").removesuffix("\x1b[J").split("\x1b[K\r\n") == [
        "line 0",
        "line 1",
        "line 2",
        "... 7 \x1b[K",
    ]


def test_q_leaves_and_the_terminal_is_as_it_was(where: paths.Paths, home: Path) -> None:
    pty = pytest.importorskip("pty", reason="no pseudo-terminals here")
    termios = pytest.importorskip("termios", reason="no terminals of this kind here")
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"}
    seen = bytearray()

    def says(words: bytes) -> bool:
        seen.extend(os.read(master, 65536))
        return words in seen

    with serving(where.socket, Script({ListRequest: INSIDE}, events=EVENTS[:2])):
        process = subprocess.Popen(
            [sys.executable, "-m", "escalate_cli", "watch"], stdin=slave, stdout=slave, stderr=slave, env=environment
        )
        until(lambda: says(b"caller is threatening"), "the board is drawn")
        os.write(master, b"q")
        until(lambda: says(b"\x1b[?1049l"), "the other screen is left")
        assert process.wait(60) == 0
    assert termios.tcgetattr(slave) == before
    os.close(master)
    os.close(slave)


def test_a_watch_refused_at_first_is_an_error(where: paths.Paths, home: Path) -> None:
    with serving(where.socket, Script({ListRequest: failure("not-allowed", "no")})):
        process = watching(home)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (8, b"escalate: no\n")

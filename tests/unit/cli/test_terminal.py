"""What only a terminal gets: the menu of `-r`, and the live thread of `chat`."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from escalate_daemon import paths
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import Event
from support.objects import AT, escalation, member
from support.scripted import Script, holds, serving
from support.waiting import until

pty = pytest.importorskip("pty", reason="no pseudo-terminals here")

ANA, SAM = member("ana"), member("sam")
INSIDE = protocol.ListReply(escalations=[])


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *argv: str) -> None:
        self._master, slave = pty.openpty()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"}
        command = [sys.executable, "-m", "escalate_cli", *argv]
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def until(self, words: str) -> None:
        while words not in self.seen:
            assert self._read(), f"the terminal was left without {words!r}: {self.seen!r}"

    def end(self) -> int:
        until(lambda: not self._read(), "the terminal is left")
        return self.process.wait(60)

    def close(self) -> None:
        os.close(self._master)

    def _read(self) -> bool:
        try:
            chunk = os.read(self._master, 65536)
        except OSError:  # Linux: nobody has the other end any more
            return False
        self.seen += chunk.decode()
        return bool(chunk)


@contextmanager
def terminal(*argv: str) -> Iterator[Terminal]:
    made = Terminal(*argv)
    try:
        yield made
    finally:
        made.close()
        made.process.wait(60)


def said(member_: protocol.Member, text: str) -> protocol.ChatLine:
    return protocol.ChatLine(member=member_, at=AT, text=text)


def test_a_bare_r_on_a_terminal_asks_which(where: paths.Paths, home: Path) -> None:
    script = Script(
        {
            protocol.RecentRequest: protocol.RecentReply(messages=["printer on fire", "paper is out"]),
            protocol.StartRequest: protocol.EscalationReply(escalation=escalation()),
        }
    )
    with serving(where.socket, script), terminal("start", "-q", "-r", "-n", "ana") as at:
        at.until("which? 1-2 [1]: ")
        assert "  2  paper is out" in at.seen
        at.type("2\n")
        assert at.end() == 0
    assert script.asked[-1] == protocol.StartRequest(recent=2, named=["ana"])


class Talking(Script):
    """A thread that grows by what is said, and by what the test makes others say."""

    def __init__(self) -> None:
        super().__init__()
        self.hand = msgspec.structs.replace(escalation(ANA), thread=[said(ANA, "hurry")])
        self.changes = 0

    def change(self, **fields: object) -> None:
        self.hand = msgspec.structs.replace(self.hand, **fields)
        self.changes += 1

    async def handle(self, request: protocol.AnyRequest) -> protocol.AnyReply:
        self.asked.append(request)
        if not isinstance(request, protocol.ChatRequest):
            return INSIDE
        if request.text == "refused":
            raise protocol.failure("usage", "too long by 3")
        if request.text is not None:
            me = member("sam", me=True)
            self.change(thread=[*self.hand.thread, said(me, request.text)])
        return protocol.EscalationReply(escalation=self.hand)

    async def watch(self) -> AsyncIterator[Event]:
        self.watchers += 1
        yield Event(event="raised", escalation=self.hand)
        yield Event(event="ready")
        told = self.changes
        changed: Callable[[], bool] = lambda: self.changes != told  # noqa: E731  read anew at each turn
        while True:
            await holds(changed)
            told = self.changes
            yield Event(event="ended" if self.hand.state == "ended" else "chat", escalation=self.hand)


@pytest.fixture
def talking(where: paths.Paths, home: Path) -> Iterator[Talking]:
    script = Talking()
    with serving(where.socket, script):
        yield script


def test_a_live_thread_shows_what_comes_says_what_is_typed_and_ends_with_it(talking: Talking) -> None:
    with terminal("chat", "ana") as at:
        at.until("ana: hurry")
        until(lambda: talking.watchers == 1, "it follows the thread")
        talking.change(thread=[*talking.hand.thread, said(ANA, "it burns")])
        at.until("ana: it burns")
        at.type("on my way\n")
        until(lambda: protocol.ChatRequest(who=talking.hand.id, text="on my way") in talking.asked, "it is said")
        at.type("refused\n")
        at.until("not said: too long by 3")
        claims = [protocol.Claim(member=SAM, at=AT, counts=True)]
        talking.change(claims=claims)
        at.until("sam is coming")
        talking.change(state="ended", end_reason="owner")
        at.until("ana's red has ended: by its owner")
        assert at.end() == 0
    assert at.seen.count("it burns") == 1
    assert at.seen.count("on my way") == 1, "typed, and not printed again"


def test_ctrl_d_leaves_a_live_thread(talking: Talking) -> None:
    with terminal("chat", "ana") as at:
        at.until("Ctrl-D leaves")
        at.type("\x04")
        assert at.end() == 0
    assert talking.hand.state == "active"


def test_ctrl_c_leaves_a_live_thread_with_130(talking: Talking) -> None:
    with terminal("chat", "ana") as at:
        until(lambda: talking.watchers == 1, "it follows the thread")
        at.process.send_signal(2)
        assert at.end() == 130
    assert "Traceback" not in at.seen

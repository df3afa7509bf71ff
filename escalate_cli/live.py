"""The live thread of `chat` on a terminal: lines as they come, and each typed line said, until Ctrl-D or its end."""

import contextlib
import os
import queue
import sys
import threading
from typing import Final

from escalate_cli import client, words
from escalate_cli.follow import Begun, Step, follow
from escalate_cli.output import Output
from escalate_cli.thread import Thread
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import Escalation, RequestFailed

_TICK_S: Final = 0.1  # how soon a typed line is noticed
_LINES_WAITING: Final = 64  # typed or pasted and not yet said; more wait in the terminal
_READ_BYTES: Final = 4096


def run(hand: Escalation, out: Output) -> None:
    """Go on with the thread of `hand`, whose lines so far are printed."""
    out.talk("type a line and Enter to say it; Ctrl-D leaves")
    talk = _Talk(hand, out)
    typed = _typed()
    with contextlib.closing(follow(out, _TICK_S)) as steps:
        for step in steps:
            talk.take(step)
            if talk.over:
                out.talk(f"{words.whose(talk.hand)} has ended{_why(talk.hand)}")
                return
            while not typed.empty():
                line = typed.get()
                if line is None:
                    return
                talk.say(line)
    out.talk(words.NO_SPACE)


def _why(hand: Escalation) -> str:
    reason = words.end_reason(hand)
    return f": {reason}" if reason else ""


class _Talk:
    """One thread, followed and spoken in."""

    def __init__(self, hand: Escalation, out: Output) -> None:
        self.hand = hand
        self.over = False
        self._out = out
        self._thread = Thread()
        self._thread.news(hand.thread)
        self._coming = words.coming(hand)
        self._listed = True

    def take(self, step: Step) -> None:
        """Follow one step of the stream: print what is new."""
        if isinstance(step, Begun):
            self._listed = False
        elif isinstance(step, protocol.Event):
            if step.escalation is not None and step.escalation.id == self.hand.id:
                self._listed = True
                self._show(step.escalation)
                self.over = self.hand.state in {"ended", "put-away"}
            elif step.event == "ready":
                self.over = not self._listed  # it ended while nobody told us: the daemon was away

    def say(self, line: str) -> None:
        """Say one line; what is refused is told, and the talk goes on."""
        if not line.strip():
            return
        try:
            request = protocol.ChatRequest(who=self.hand.id, text=line)
            reply = client.ask(self._out, request, protocol.EscalationReply, banner=False)
        except RequestFailed as refused:
            hint = refused.failure.hint
            self._out.warn(f"not said: {refused.failure.message}", *([hint] if hint else []))
            return
        self._out.warn(*reply.warnings)
        if reply.escalation is not None:
            self._show(reply.escalation, typed=True)

    def _show(self, hand: Escalation, *, typed: bool = False) -> None:
        """Print what is new in it; not what was just typed, for the terminal shows that already."""
        self.hand = hand
        fresh = self._thread.news(hand.thread)
        self._out.lines(*(words.said(line) for line in fresh if not (typed and line.member.me)))
        coming = words.coming(hand)
        if coming != self._coming:
            self._out.talk(coming or "nobody is coming any more")
            self._coming = coming


def _typed() -> "queue.Queue[str | None]":
    """Lines as they are typed, then None. Read on a thread: no system can wait for a socket and a terminal alike."""
    lines: queue.Queue[str | None] = queue.Queue(_LINES_WAITING)
    threading.Thread(target=_read, args=(sys.stdin.fileno(), lines), daemon=True).start()
    return lines


def _read(descriptor: int, lines: "queue.Queue[str | None]") -> None:
    # Not through sys.stdin: its lock, held by a thread that still reads, would end the interpreter badly.
    held = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(descriptor, _READ_BYTES):
            *whole, held = (held + chunk).split(b"\n")
            for line in whole:
                lines.put(line.decode(errors="replace").rstrip("\r"))
    lines.put(None)

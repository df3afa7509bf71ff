"""Reconciliation: how two replicas find what one has and the other has not.

Slots fall into buckets. A question carries the digest of each bucket; the answer is the rows of those that differ,
a page at a time. A link is compared once the peer has told all that differs, and all of it that was newer has come.
"""

from collections.abc import Callable
from typing import Final

from escalate_daemon.core import tuning, wire
from escalate_daemon.core.asking import Asking
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Send
from escalate_daemon.core.lines import Line, Lines, Question
from escalate_daemon.core.linktable import Link
from escalate_daemon.core.replica import BUCKETS, Replica, in_buckets
from escalate_daemon.core.wire import Have, Ping, SlotKey, Want

ENTRIES_A_FRAME: Final = 400  # rows of at most 160 B: well inside a frame
ROWS_A_PAGE: Final = 1_600  # of one answer: half a queue, so that nothing urgent waits long behind it


class Comparing:
    """`order` ranks keys as they are told, `on_compared` is called when a link's comparison is complete."""

    def __init__(
        self,
        ctx: Context,
        replica: Replica,
        lines: Lines,
        asking: Asking,
        *,
        order: Callable[[SlotKey], tuple[int, int, bytes, str]],
        on_compared: Callable[[Link], None],
    ) -> None:
        self._ctx = ctx
        self._replica = replica
        self._lines = lines
        self._asking = asking
        self._order = order
        self._on_compared = on_compared
        self.changed_at = ctx.now - tuning.QUIET  # when something newer was last held

    # --- My questions ------------------------------------------------------------------------------
    def ask(self, line: Line) -> None:
        """Ask what differs, but at most once in COMPARE_EVERY a link."""
        if line.ask_at is None:
            now, before = self._ctx.now, line.asked_at
            line.ask_at = now if before is None else max(now, before + tuning.COMPARE_EVERY)
            self._lines.wake_at(line.ask_at)

    def _put(self, line: Line, start: int) -> None:
        line.asked_from = start
        question = Want((), self._replica.digests(), start)
        self._ctx.emit(Send(line.link.id, wire.encode(question), urgent=False))

    def told(self, line: Line, buckets: int) -> None:
        """The peer has told all that differs in the buckets below this one: go on, or be done."""
        if buckets >= BUCKETS:
            line.table_heard = True
        elif buckets > line.asked_from:
            self._put(line, buckets)
        self.check(line)

    def check(self, line: Line) -> None:
        """Whether the link is compared by now."""
        if not line.link.compared and line.table_heard and self._asking.is_complete(line):
            line.link.compared = True
            self._on_compared(line.link)

    # --- Fingerprints ------------------------------------------------------------------------------
    def heard_fingerprint(self, line: Line, fingerprint: bytes) -> None:
        """A ping or pong told the peer's fingerprint: equal ends a comparison, other begins one."""
        if fingerprint == self._replica.fingerprint():
            line.table_heard = True
            line.differs_since = line.ask_again_at = None
            self._asking.nothing_left(line)
            self.check(line)
        else:
            self._heard_other(line)

    def _heard_other(self, line: Line) -> None:
        """Another fingerprint: while writes are on their way that is no news, so wait for quiet, but not for long."""
        now = self._ctx.now
        if line.differs_since is None:
            line.differs_since = now
        quiet_at = min(self.changed_at + tuning.QUIET, line.differs_since + tuning.DIFFERS_LONG)
        if now >= quiet_at:
            self.ask(line)
        elif line.ask_again_at is None:
            line.ask_again_at = quiet_at
            self._lines.wake_at(quiet_at)

    # --- The peer's questions ----------------------------------------------------------------------
    def asked(self, line: Line, question: Question) -> None:
        """The peer asks what differs. One that begins anew is answered twice in COMPARE_EVERY at most."""
        if question.start in {0, line.told}:
            line.question = question
            self._lines.wake_at(line.answer_at if question.start == 0 else self._ctx.now)

    def _answer(self, line: Line, question: Question) -> None:
        line.question = None
        if question.start == 0:
            line.answer_at = self._ctx.now + tuning.COMPARE_EVERY // 2
        mine, aging = in_buckets(self._replica.keys()), in_buckets(self._replica.aging())
        page, told = list[SlotKey](), question.start
        for bucket, digest in enumerate(self._replica.digests()[question.start :], start=question.start):
            equal = digest == question.digests[bucket]
            rows = (aging if equal else mine).get(bucket, [])  # of equal ones too what an age decides
            if len(rows) > ROWS_A_PAGE:  # ids were ground to meet in one bucket: each time others of them
                rows = self._ctx.rng.sample(rows, ROWS_A_PAGE)
            if page and len(page) + len(rows) > ROWS_A_PAGE:
                break
            page.extend(rows)
            told = bucket + 1
        line.told = told
        self.tell(line, sorted(page, key=self._order), told=told)

    def tell(self, line: Line, keys: list[SlotKey], *, told: int) -> None:
        """Announce these; `told`: the buckets that a question's answer covers with its last part, else 0."""
        now = self._ctx.now
        entries = [entry for key in keys if (entry := self._replica.entry(key, line.link.peer, now)) is not None]
        chunks = [tuple(entries[i : i + ENTRIES_A_FRAME]) for i in range(0, len(entries), ENTRIES_A_FRAME)] or [()]
        for number, chunk in enumerate(chunks, start=1):
            have = Have(chunk, told if number == len(chunks) else 0)
            self._ctx.emit(Send(line.link.id, wire.encode(have), urgent=False))

    # --- Time --------------------------------------------------------------------------------------
    def flush(self, line: Line) -> None:
        """Put and answer the questions that are due."""
        now = self._ctx.now
        if line.ask_at is not None and now >= line.ask_at:
            line.ask_at, line.asked_at = None, now
            self._put(line, 0)
        if line.question is not None and now >= self._answer_due(line, line.question):
            self._answer(line, line.question)
        if line.ask_again_at is not None and now >= line.ask_again_at:
            line.ask_again_at = None
            self._ctx.emit(Send(line.link.id, wire.encode(Ping(0, self._replica.fingerprint())), urgent=True))

    def _answer_due(self, line: Line, question: Question) -> int:
        return line.answer_at if question.start == 0 else self._ctx.now

    def times(self, line: Line) -> list[int]:
        """When something of `flush` is due."""
        answer = None if line.question is None else self._answer_due(line, line.question)
        return [at for at in (line.ask_at, answer, line.ask_again_at) if at is not None]

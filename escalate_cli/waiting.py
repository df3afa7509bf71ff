"""Waiting for what comes of an escalation of mine: `--wait shown|seen|claim[=D]`."""

import contextlib
import sys
import time
from typing import Final, Literal, NamedTuple, cast

from escalate_cli import durations, exits, words
from escalate_cli.follow import Begun, Step, follow
from escalate_cli.options import seconds
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import Escalation, Failure, RequestFailed, failure

Kind = Literal["shown", "seen", "claim"]

_TICK_S: Final = 0.1  # how late the end of the time may be noticed
_TICK_UNTIMED_S: Final = 5.0  # nothing is due
_FORM: Final = "write --wait shown, seen or claim, with =D for at most how long, as in claim=5m"
_AWAITED: Final = {"shown": "somebody it is for is shown it", "seen": "somebody has seen it", "claim": "somebody comes"}
_NOT_YET: Final = {"shown": "nobody was shown it", "seen": "nobody has seen it", "claim": "nobody is coming"}


class Goal(NamedTuple):
    """What is waited for, and how long at most, s (None: until it ends)."""

    kind: Kind
    limit_s: float | None


class Outcome(NamedTuple):
    """How the escalation stands at the end of the waiting; `failed` None: what was waited for came."""

    hand: Escalation
    failed: Failure | None = None


def parse(text: str, *, red: bool) -> Goal:
    """The goal of `--wait`; a usage failure, also for what a yellow one never comes to."""
    kind, given, limit = text.partition("=")
    if kind not in _AWAITED:
        raise failure("usage", f"--wait {text!r}: there is no such thing to wait for", _FORM)
    if not red and kind != "claim":
        raise failure("usage", f"--wait {kind}: a yellow one is for nobody, so nobody reports it", "--wait claim")
    return Goal(cast(Kind, kind), seconds(limit) if given else None)


def wait(hand: Escalation, goal: Goal, out: Output) -> int:
    """Wait, and print how it went: 0, or the failure's code. `hand` is up, and said to be unless as JSON."""
    held = Held(hand)
    try:
        outcome = until(held, goal, out)
    except KeyboardInterrupt:
        _print(held.hand, None, out)
        out.warn("it stays up; `escalate end` ends it")
        raise
    _print(outcome.hand, goal if outcome.failed is None else None, out)
    if outcome.failed is not None:
        raise RequestFailed(outcome.failed)
    return exits.DONE


def _print(hand: Escalation, came: Goal | None, out: Output) -> None:
    if out.as_json:
        out.reply(protocol.EscalationReply(escalation=hand))
    elif came is not None and not out.quiet:
        out.lines(achieved(hand, came.kind))


class Held:
    """The escalation by the events so far."""

    def __init__(self, hand: Escalation) -> None:
        self.hand = hand
        self.over = False
        self._listed = True

    def take(self, step: Step) -> bool:
        """Follow one step of the stream; whether it told something of this escalation."""
        if isinstance(step, Begun):
            self._listed = False
        elif isinstance(step, protocol.Event):
            if step.escalation is not None and step.escalation.id == self.hand.id:
                self.hand = step.escalation
                self._listed = True
                self.over = self.hand.state == "ended"
                return True
            # It ended while nobody told us: the daemon was away.
            self.over = self.over or (step.event == "ready" and not self._listed)
        return False


def until(held: Held, goal: Goal, out: Output) -> Outcome:
    """Follow the escalation to the goal, its end, or the end of the time, across restarts of the daemon."""
    deadline = None if goal.limit_s is None else time.monotonic() + goal.limit_s
    talk = Output(quiet=out.quiet or out.as_json or sys.stderr is None or not sys.stderr.isatty())
    limit = "" if goal.limit_s is None else f", at most {durations.exact(goal.limit_s)}"
    if not _reached(held.hand, goal.kind):
        talk.talk(f"waiting until {_AWAITED[goal.kind]}{limit}; Ctrl-C leaves it up")
    told = words.reach(held.hand)
    try:
        with contextlib.closing(follow(talk, _TICK_UNTIMED_S if deadline is None else _TICK_S)) as steps:
            while not _reached(held.hand, goal.kind):
                if held.over:
                    return Outcome(held.hand, _ended(held.hand, goal.kind))
                if deadline is not None and time.monotonic() >= deadline:
                    return Outcome(held.hand, _timed_out(goal))
                step = next(steps, None)
                if step is None:  # no space any more, so no escalation either
                    held.over = True
                elif held.take(step) and (now := words.reach(held.hand)) != told:
                    told = now
                    talk.talk(now)
    except RequestFailed as refused:
        return Outcome(held.hand, refused.failure)
    return Outcome(held.hand)


def achieved(hand: Escalation, kind: Kind) -> str:
    """What came, in words."""
    if kind == "claim":
        return words.coming(hand)
    stamps = [(each.member.label, each.shown_at if kind == "shown" else each.seen_at) for each in hand.receipts]
    by = words.names([label for label, at in stamps if at])
    number = hand.reach.shown if kind == "shown" else hand.reach.seen
    return f"{'shown to' if kind == 'shown' else 'seen by'} {by or f'{number} of {hand.reach.named}'}"


def _reached(hand: Escalation, kind: Kind) -> bool:
    if kind == "claim":
        return any(claim.counts for claim in hand.claims)
    return (hand.reach.shown if kind == "shown" else hand.reach.seen) > 0


def _ended(hand: Escalation, kind: Kind) -> Failure:
    why = words.end_reason(hand)
    return failure("failed", f"it ended{f' ({why})' if why else ''}, and {_NOT_YET[kind]}").failure


def _timed_out(goal: Goal) -> Failure:
    limit = durations.exact(goal.limit_s or 0)
    return failure("timed-out", f"{_NOT_YET[goal.kind]} after {limit}; it stays up", "escalate end ends it").failure

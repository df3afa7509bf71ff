"""Raising: the options that start, toggle and run share, the request they make, and what is said of it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Final

import typer

from escalate_cli import audience, client, durations, escape, exits, saying, words
from escalate_cli.options import seconds
from escalate_cli.output import Output
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import RequestFailed, failure

Message = Annotated[
    str | None,
    typer.Option("-m", "--message", metavar="TEXT|-", help="What it is about; - reads standard input."),
]
Recent = Annotated[
    str | None,
    typer.Option("-r", "--recent", metavar="[N]", help="Your Nth last message again; without N it asks, or takes 1."),
]
Notify = Annotated[
    list[str] | None,
    typer.Option("-n", "--notify", metavar="WHO", help="Whom to ring: name, @group, @everyone. Repeatable."),
]
Then = Annotated[
    list[str] | None,
    typer.Option("--then", metavar='"AFTER WHO..."', help="Whom to ring too if nobody is coming by then. Repeatable."),
]
MaxAge = Annotated[str | None, typer.Option("--for", metavar="D", help="End it by itself after this long.")]
Wait = Annotated[
    str | None,
    typer.Option("--wait", metavar="shown|seen|claim[=D]", help="Return at the first of its kind, or after D."),
]
Replace = Annotated[bool, typer.Option("--replace", help="In the place of the one of mine that is up.")]

_STEPS: Final = 4  # of a ladder
_THEN: Final = 'write --then "AFTER WHO...", as in --then "2m @leads ana"'


def wanted(
    *,
    message: str | None,
    recent: str | None,
    notify: Sequence[str] | None,
    then: Sequence[str] | None,
    max_age: str | None,
    replace: bool,
    toggle: bool = False,
) -> protocol.StartRequest:
    """What the options ask for, before `saying` has found the message. Usage failures."""
    if message is not None and recent is not None:
        raise failure("usage", "-m and -r cannot go together", "say something new, or something again")
    return protocol.StartRequest(
        named=list(notify or ()),
        ladder=ladder(then or ()),
        max_age_s=seconds(max_age),
        recent=saying.number(recent),
        message=saying.read_message(message) if recent is None else "",
        replace=replace,
        toggle=toggle,
    )


def ladder(steps: Sequence[str]) -> list[protocol.Rung]:
    """The rungs of `--then`, names that hold spaces in quotes. Usage failures."""
    if len(steps) > _STEPS:
        raise failure("usage", f"{len(steps)} times --then: at most {_STEPS}", "name more in one step")
    rungs = [_rung(step) for step in steps]
    for earlier, later in pairwise(rungs):
        if later.after_s <= earlier.after_s:
            told = f"{durations.exact(later.after_s)} does not come after {durations.exact(earlier.after_s)}"
            raise failure("usage", f"--then: {told}", "each --then counts from the start: let them rise")
    return rungs


def _rung(step: str) -> protocol.Rung:
    import shlex

    try:
        after, *named = shlex.split(step)
        rung = protocol.Rung(after_s=durations.parse(after), named=named)
    except ValueError as error:
        reason = "it is empty" if not step.strip() else str(error)
        raise failure("usage", f"--then {step!r}: {reason}", _THEN) from error
    if not named:
        raise failure("usage", f"--then {step!r} names nobody", _THEN)
    return rung


def plan(request: protocol.StartRequest, out: Output, *, beside: bool = False) -> protocol.PlanReply | None:
    """Who would hear it; None where the daemon failed to say. Refused as the start would be.

    `beside`: that one of mine is up already is no reason to refuse.

    To know is no condition of raising: what fails without a reason of the asker's is left to the start.
    """
    question = protocol.PlanRequest(
        named=request.named,
        ladder=request.ladder,
        message=request.message,
        recent=request.recent,
        replace=None if beside else request.replace,
    )
    try:
        return client.ask(out, question, protocol.PlanReply, banner=False)
    except RequestFailed as refused:
        if refused.failure.code != "failed":
            raise
        return None


def raise_hand(request: protocol.StartRequest, out: Output, *, json_later: bool = False) -> protocol.EscalationReply:
    """Say who will hear it, raise it, and print what is up, or what has ended (toggle).

    `json_later`: the caller prints the one object, once it has waited.
    """
    plain = not (out.quiet or out.as_json)
    # A toggle may end one: whom a new one would reach is beside the point then.
    before = plan(request, out) if plain and not request.toggle else None
    if before is not None and before.settled:
        out.lines(*audience.expected(before, request.named))
    reply = client.ask(out, request, protocol.EscalationReply)
    hand = reply.escalation
    if out.as_json:
        if not json_later:
            out.reply(reply)
    elif hand is not None:
        out.lines(*_told(reply, hand, out, known=before is not None and before.settled))
    out.warn(*dict.fromkeys([*(before.warnings if before else ()), *reply.warnings]))
    if hand is not None and hand.state != "ended":
        out.warn(*audience.unseen(reply, hand, explain=not plain))
    return reply


def code(reply: protocol.EscalationReply) -> int:
    """The exit code of what was raised and is not waited for."""
    return exits.REACHED_NOBODY if reply.reached_nobody and reply.escalation is not None else exits.DONE


def _told(reply: protocol.EscalationReply, hand: protocol.Escalation, out: Output, *, known: bool) -> list[str]:
    if out.quiet:
        return [escape.printable(hand.id)]
    if hand.state == "ended":
        return [words.ended(hand)]
    return [audience.raised(hand), *([] if known else audience.after(reply, hand)), f"id {escape.printable(hand.id)}"]

"""run: a command, and a raised hand if it fails."""

from typing import Annotated, Final

import msgspec
import typer

from escalate_cli import audience, child, client, exits, raising, saying, words
from escalate_cli.options import CONTEXT, Quiet, application, example
from escalate_cli.output import Output
from escalate_cli.raising import MaxAge, Message, Notify, Recent, Replace, Then, Wait
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import RequestFailed, failure

app = application()
prepare = saying.prepare
OWN_FAILURE: Final = exits.RUN_FAILED  # its other exit codes are COMMAND's

Command = Annotated[list[str], typer.Argument(metavar="COMMAND...", help="What is run, with its own arguments.")]


@app.command(
    context_settings={**CONTEXT, "allow_interspersed_args": False},
    epilog=example(
        "escalate run -n @ops -- make nightly",
        'escalate run -m "backup failed" -n ana --then "10m @ops" -- ./backup.sh /srv',
    ),
)
def run(
    command: Command,
    *,
    message: Message = None,
    recent: Recent = None,
    notify: Notify = None,
    then: Then = None,
    max_age: MaxAge = None,
    wait: Wait = None,
    replace: Replace = False,
    quiet: Quiet = False,
) -> int:
    """Run COMMAND, its output untouched. If it fails, raise, and exit with its code.

    The message is COMMAND's name and how it ended where none is given. Whom it names is checked before. What goes
    wrong before COMMAND is run exits 125; 126: not executable, 127: not found, 128+n: ended by signal n.
    """
    out = Output(quiet=quiet)
    if message == "-":
        raise failure("usage", "-m - would read what COMMAND is to read", "give the message itself")
    if wait is not None:
        from escalate_cli import waiting

        goal = waiting.parse(wait, red=bool(notify))
    request = raising.wanted(message=message, recent=recent, notify=notify, then=then, max_age=max_age, replace=replace)
    _check(request, out)
    ended = child.run(command)
    if ended.code == exits.DONE:
        return exits.DONE
    if ended.interrupted:
        out.talk("interrupted, so nothing is raised")
        return ended.code
    if not request.message and request.recent is None:
        request = msgspec.structs.replace(request, message=child.message(command, ended))
    try:
        hand = _raise(request, out)
        if wait is not None and hand is not None:
            outcome = waiting.until(waiting.Held(hand), goal, out)
            out.warn(outcome.failed.message if outcome.failed else waiting.achieved(outcome.hand, goal.kind))
    except RequestFailed as refused:
        failed = refused.failure
        out.warn(
            f"it failed ({ended.how}), and nothing could be raised: {failed.message}", *filter(None, [failed.hint])
        )
    except KeyboardInterrupt:  # COMMAND's code is still what the caller waits for
        out.warn("interrupted: `escalate show` tells whether it is up")
    return ended.code


def _check(request: protocol.StartRequest, out: Output) -> None:
    """Refuse, before COMMAND is run, what could not be raised after it. One that is up already is no reason to."""
    try:
        plan = raising.plan(request, out, beside=True)
    except RequestFailed as refused:
        if refused.failure.code != "already-active":
            raise
        return
    out.warn(*(plan.warnings if plan else ()))


def _raise(request: protocol.StartRequest, out: Output) -> protocol.Escalation | None:
    """Raise it, or say it in the thread of the one that is up: what is said goes to stderr, for stdout is COMMAND's."""
    try:
        reply = client.ask(out, request, protocol.EscalationReply)
    except RequestFailed as refused:
        if refused.failure.code != "already-active":
            raise
        return _say(request, out, refused)
    hand = reply.escalation
    if hand is not None:
        out.talk(audience.raised(hand, painted=False), *audience.after(reply, hand), f"id {hand.id}")
        out.warn(*audience.unseen(reply, hand, explain=out.quiet))
    out.warn(*reply.warnings)
    return hand


def _say(request: protocol.StartRequest, out: Output, refused: RequestFailed) -> protocol.Escalation | None:
    mine = client.ask(out, protocol.ShowRequest(), protocol.EscalationReply, banner=False).escalation
    if mine is None or not mine.owner.me:
        raise refused  # it ended meanwhile, or it cannot be told which it is
    text = request.message
    if request.recent is not None:
        recent = client.ask(out, protocol.RecentRequest(), protocol.RecentReply, banner=False).messages
        text = recent[request.recent - 1] if request.recent <= len(recent) else text
    reply = client.ask(out, protocol.ChatRequest(who=mine.id, text=text), protocol.EscalationReply, banner=False)
    out.talk(f"said in {words.whose(mine)}: {text}")
    out.warn(*reply.warnings)
    return reply.escalation or mine

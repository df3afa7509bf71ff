"""doctor: each link of the chain, its cause and its mend where it is broken; with the daemon dead too."""

from typing import Annotated, Final

import typer

from escalate_cli import client, escape, exits, firstaid, output, table
from escalate_cli.options import AsJson, Quiet, application, example
from escalate_cli.output import Output
from escalate_daemon import config as settings
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import Check, RequestFailed
from escalate_daemon.paths import Paths

app = application()

Test = Annotated[bool, typer.Option("--test", help="Show a real pop-up and play the sound too, marked as a test.")]
_HEADERS: Final = ("is", "what", "found", "mend")
_NAME_WIDTH: Final = 11


@app.command(epilog=example("escalate doctor", "escalate doctor --test", "escalate doctor --json"))
def doctor(*, test: Test = False, as_json: AsJson = False, quiet: Quiet = False) -> int:
    """Look at every link of the chain from here to the others, and say what is broken and what mends it.

    Exit 1 where something is. -q prints only that. Takes a few seconds: another machine is asked to dial this one.
    """
    out = Output(as_json=as_json, quiet=quiet)
    checks = _checks(out, test=test)
    reply = protocol.DoctorReply(ok=all(each.ok for each in checks), checks=checks)
    if as_json:
        out.reply(reply)
    else:
        shown = [each for each in checks if not (quiet and each.ok)]
        out.lines(*(_lines(shown) if output.is_terminal() else table.render(_HEADERS, map(_row, shown))))
        out.talk("all is well" if reply.ok else "something is broken")
    return exits.DONE if reply.ok else exits.FAILED


def _checks(out: Output, *, test: bool) -> list[Check]:
    """All that can be found out, in the order of the chain."""
    try:
        where = client.find()
    except RequestFailed as refused:
        mend = refused.failure.hint or "set ESCALATE_HOME to a short path of yours"
        return [Check(name="daemon", ok=False, found=refused.failure.message, mend=mend)]
    reached = firstaid.reach(where, out)
    if reached.line is None:
        return [*reached.noticed, _config(where), firstaid.folders(where)]
    try:
        reply = client.exchange(reached.line, protocol.DoctorRequest(test=test))
    except RequestFailed as refused:
        mend = refused.failure.hint or "escalate daemon restart"
        failed = Check(name="daemon", ok=False, found=refused.failure.message, mend=mend)
        return [failed, *reached.noticed, _config(where), firstaid.folders(where)]
    finally:
        reached.line.close()
    first, *rest = reply.checks if isinstance(reply, protocol.DoctorReply) else [_stranger()]
    return [first, *reached.noticed, _config(where), *rest]


def _config(where: Paths) -> Check:
    """Whether the settings can be read, and every key is one."""
    _, warnings = settings.load(where)
    if warnings:
        found = "; ".join(warnings)
        return Check(name="config", ok=False, found=found, mend=f"mend it: $EDITOR {where.config_file}")
    here = "is read" if where.config_file.exists() else "is not there: all is at its default"
    return Check(name="config", ok=True, found=f"{where.config_file} {here}")


def _stranger() -> Check:
    return Check(name="daemon", ok=False, found="the daemon answered something else", mend="escalate daemon restart")


def _row(check: Check) -> table.Row:
    return table.Row(("ok" if check.ok else "BROKEN", check.name, check.found, check.mend or ""))


def _lines(checks: list[Check]) -> list[str]:
    """For a person: what is broken in colour, its mend below."""
    lines = []
    for check in checks:
        state = "ok    " if check.ok else output.paint("BROKEN", "red")
        lines.append(f"{state}  {check.name:<{_NAME_WIDTH}} {escape.printable(check.found)}")
        if check.mend:
            lines.append(f"        {'' if check.ok else 'mend:':<{_NAME_WIDTH}} {escape.printable(check.mend)}")
    return lines

"""Options that many verbs share, and how each verb's Typer application is made."""

from typing import Annotated, Final

import typer

from escalate_cli import durations
from escalate_daemon.ipc.protocol import failure

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print only what is needed.")]

CONTEXT: Final = {"help_option_names": ["-h", "--help"]}


def application() -> typer.Typer:
    """A verb's application. No rich (it would cost every --help 50 ms), no completion, no pretty tracebacks."""
    return typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=CONTEXT,
    )


def example(*lines: str) -> str:
    """The end of a help page: commands to copy."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def seconds(text: str | None) -> float | None:
    """A duration option in seconds; a usage failure for what is none."""
    if text is None:
        return None
    try:
        return durations.parse(text)
    except ValueError as error:
        raise failure("usage", str(error), f"write a duration {durations.FORMS}") from error

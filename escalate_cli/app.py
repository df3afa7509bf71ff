"""The command `escalate`: finds the verb that argv names, imports that one alone, and turns every end into a code."""

import importlib
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Protocol, cast

import msgspec

from escalate_cli import exits, output
from escalate_cli.verbs import VERBS, overview
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import RequestFailed, failure


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Never a traceback for what a person or a machine can do wrong."""
    args = list(sys.argv[1:] if argv is None else argv)
    ours = args[: args.index("--")] if "--" in args else args  # what follows is a command's own, or plain words
    as_json = "--json" in ours
    output.prepare()
    try:
        return _run(args)
    except RequestFailed as refused:
        output.failure(refused.failure, as_json=as_json)
        return refused.failure.exit
    except output.CannotWrite as error:
        output.failure(failure("failed", f"cannot write the output: {error}").failure, as_json=as_json)
        return exits.FAILED
    except KeyboardInterrupt:
        return exits.INTERRUPTED


def _run(args: list[str]) -> int:
    verb = args[0] if args else ""
    if verb in {"-h", "--help", "help"}:
        output.Output().lines(*overview())
        return exits.DONE
    if verb == "--version":
        output.Output().lines(f"escalate {_version()}")
        return exits.DONE
    if verb not in VERBS:
        raise _unknown(verb)
    return _call(verb, args[1:])


def _call(verb: str, args: list[str]) -> int:
    """Run one verb's module.

    Besides its `app` it may have `prepare`, which rewrites its arguments before they are parsed, and `OWN_FAILURE`,
    the exit code of all its own failures (a verb whose exit codes are another command's).
    """
    module = importlib.import_module(f"escalate_cli.commands.{verb}")
    prepare: Callable[[list[str]], list[str]] = getattr(module, "prepare", list)
    own_failure: int | None = getattr(module, "OWN_FAILURE", None)
    try:
        return _parse(verb, module, prepare(args))
    except RequestFailed as refused:
        if own_failure is None:
            raise
        raise RequestFailed(msgspec.structs.replace(refused.failure, exit=own_failure)) from refused


def _parse(verb: str, module: ModuleType, args: list[str]) -> int:
    """Run one verb's Typer application, its usage errors made ours."""
    import typer

    command = typer.main.get_command(module.app)
    # Typer carries click inside itself under a private name; this is the public way to its usage error.
    usage_error: type[Exception] = typer.BadParameter.__mro__[1]
    try:
        result = command.main(args=args, prog_name=f"escalate {verb}", standalone_mode=False)
    except usage_error as error:
        told = cast(_UsageError, error).format_message()
        raise failure("usage", _lower(told), f"see: escalate {verb} --help") from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    return result if isinstance(result, int) else exits.DONE


class _UsageError(Protocol):
    def format_message(self) -> str: ...


def _unknown(verb: str) -> RequestFailed:
    if not verb:
        return failure("usage", "which command?", "see: escalate --help")
    import difflib

    near = difflib.get_close_matches(verb, VERBS, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "see: escalate --help"
    return failure("usage", f"there is no command {verb!r}", hint)


def _lower(text: str) -> str:
    """Click's sentence, its lists on lines of their own too, as the middle of ours."""
    return " ".join((text[:1].lower() + text[1:]).rstrip(".").split())


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("escalate-lan")
    except metadata.PackageNotFoundError:
        return f"(not installed; local API {protocol.VERSION})"


if __name__ == "__main__":
    sys.exit(main())

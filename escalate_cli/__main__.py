"""The command's entry: the installed `escalate`, and `python -m escalate_cli`. Keeps its start and its end short."""

import gc
import sys
from typing import Final

# A short command is over before there is garbage worth looking for, and makes some 50,000 objects by importing;
# `watch`, which may run for days, still gets its collections.
_OBJECTS_A_COLLECTION: Final = 100_000
_COMPLETE: Final = "__complete"  # what the scripts of `escalate completion` call


def main() -> int:
    """Run the command that argv names; its exit code."""
    gc.set_threshold(_OBJECTS_A_COLLECTION)
    code = _complete() if sys.argv[1:2] == [_COMPLETE] else _run()
    gc.freeze()  # or the interpreter goes through all of them twice as it ends: a seventh of a command's time
    return code


def _run() -> int:
    from escalate_cli.app import main as run

    return run()


def _complete() -> int:
    """A TAB: before Typer and all else is loaded, none of which it needs."""
    from escalate_cli.complete import main as complete

    return complete(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())

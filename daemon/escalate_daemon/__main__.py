"""`python -m escalate_daemon`: the daemon in the foreground; with `demo`, three of them shown to each other."""

import gc
import sys
from typing import Final

_USAGE: Final = 2


def main(arguments: list[str]) -> int:
    """Run what was asked for; the exit code."""
    match arguments:
        case [] | ["run"]:
            gc.disable()  # until all is loaded and built: it finds nothing, and takes a fifth of the start
            from escalate_daemon.starting import run

            return run()
        case ["demo"]:
            from escalate_daemon.demo import run as play

            return play()
        case _:
            sys.stderr.write("usage: python -m escalate_daemon [run | demo]\n")
            return _USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`python -m escalate_daemon`: the daemon in the foreground; with `demo`, three of them shown to each other."""

import sys
from typing import Final

_USAGE: Final = 2


def main(arguments: list[str]) -> int:
    """Run what was asked for; the exit code."""
    match arguments:
        case [] | ["run"]:
            from escalate_daemon import app

            return app.run()
        case ["demo"]:
            from escalate_daemon import demo

            return demo.run()
        case _:
            sys.stderr.write("usage: python -m escalate_daemon [run | demo]\n")
            return _USAGE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

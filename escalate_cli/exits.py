"""The exit codes that are no error's. Those of errors stand in one place too: `ipc.protocol.EXITS`."""

from typing import Final

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
NO_DAEMON: Final = 3  # also where that is an answer: `daemon status`
REACHED_NOBODY: Final = 5  # raised, but nobody it is for can see it now; printed as for 0
INTERRUPTED: Final = 130

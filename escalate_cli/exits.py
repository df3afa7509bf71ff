"""The exit codes that are no error's. Those of errors stand in one place too: `ipc.protocol.EXITS`."""

from typing import Final

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2
NO_DAEMON: Final = 3  # also where that is an answer: `daemon status`
REACHED_NOBODY: Final = 5  # raised, but nobody it is for can see it now; printed as for 0
INTERRUPTED: Final = 130  # also how a shell says that SIGINT ended a command
RUN_FAILED: Final = 125  # run: a failure of our own, before COMMAND
NOT_EXECUTABLE: Final = 126  # run: COMMAND is there and cannot be run
NOT_FOUND: Final = 127  # run: there is no COMMAND
SIGNAL: Final = 128  # run: and the signal's number, where one ended COMMAND

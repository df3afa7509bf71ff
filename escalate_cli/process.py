"""Becoming the daemon's program in the foreground: `daemon run`, `demo`."""

import os
import subprocess
import sys

from escalate_cli import launch
from escalate_daemon.ipc.protocol import failure


def become(*arguments: str) -> int:
    """Run the daemon's program in this process's place; where a system cannot, as its child: its exit code."""
    argv = launch.command(*arguments)
    try:
        if sys.platform == "win32":
            return subprocess.call(argv)
        os.execv(argv[0], argv)
    except OSError as error:
        raise failure("failed", f"cannot start {argv[0]}: {error.strerror}") from error

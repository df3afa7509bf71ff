"""The script on the page for script authors does what it says."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from escalate_daemon import paths
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import Event
from support.scripted import Script, serving
from support.source import ROOT

from .test_waiting import CLAIMED, HAND, listed

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")

PAGE = (ROOT / "docs" / "scripts.md").read_text(encoding="utf-8")


def the_script() -> str:
    found = re.search(r"<!-- script: wait-and-fall-back -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(("later", "code"), [([CLAIMED], 0), ([], 6)], ids=["somebody comes", "nobody comes"])
def test_the_script_falls_back_only_where_nobody_comes(
    later: Sequence[Event], code: int, where: paths.Paths, home: Path
) -> None:
    command = home / "bin" / "escalate"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m escalate_cli "$@"\n')
    command.chmod(0o755)
    told = home / "told"
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        "WITHIN": "1s" if code else "1h",
        "FALLBACK": f"cat > {told}",
    }
    script = Script(
        {
            protocol.StartRequest: protocol.EscalationReply(escalation=HAND),
            protocol.ListRequest: protocol.ListReply(escalations=[]),
        },
        events=listed(*later),
    )
    with serving(where.socket, script):
        ran = subprocess.run(
            ["sh", "-c", the_script(), "sh", "disk is full"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (ran.returncode, ran.stdout) == (code, f"{HAND.id}\n")
    assert told.exists() == bool(code)
    assert not code or told.read_text() == "disk is full: nobody is coming (exit 6)\n"
    assert script.asked[0] == protocol.StartRequest(message="disk is full", named=["@ops"])

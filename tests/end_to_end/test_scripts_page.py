"""The scripts on the page for script authors do with real daemons what the page says."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from escalate_cli.verbs import VERBS
from escalate_daemon.config_keys import KEYS
from support.floor import Floor, floor, write_program
from support.machine import escalate_command
from support.need import need_tools
from support.source import ROOT
from support.waiting import until

pytestmark = pytest.mark.end_to_end

PAGE = (ROOT / "docs" / "scripts.md").read_text(encoding="utf-8")
LIMIT_S = 90


def script(name: str) -> str:
    found = re.search(rf"<!-- script: {name} -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def joined() -> Iterator[Floor]:
    need_tools("sh")
    with floor("ana", "ben") as made:
        made["ben"].run("group", "join", "ops").must(0)
        program = made["ben"].folder / "hook"
        program.write_text(script("hook"), encoding="utf-8")
        program.chmod(0o755)
        made["ben"].run("config", "set", "hooks.on_ring", str(program)).must(0)
        made["ben"].run("daemon", "restart").must(0)
        made.until_together()
        yield made


@pytest.fixture
def two(joined: Floor) -> Floor:
    joined.settle()
    return joined


def page_script(two: Floor, told: Path, within: str, message: str) -> "subprocess.Popen[str]":
    """The page's script on ana's machine; its fallback writes to `told`."""
    folder = two["ana"].folder / "bin"
    command = " ".join(f"'{part}'" for part in escalate_command())
    write_program(folder / "escalate", f'exec {command} "$@"')
    env = {**two["ana"].env, "WITHIN": within, "FALLBACK": f"cat > {told}"}
    env["PATH"] = f"{folder}:{env['PATH']}"
    return subprocess.Popen(
        ["sh", "-c", script("wait-and-fall-back"), "sh", message], env=env, stdout=subprocess.PIPE, text=True
    )


def test_claimed_in_time_nothing_falls_back(two: Floor, tmp_path: Path) -> None:
    told = tmp_path / "told"
    running = page_script(two, told, "5m", "the nightly backup failed")
    hand = until(two["ben"].escalations, "ben sees it")[0]
    assert (hand.message, hand.named) == ("the nightly backup failed", ["@ops"])
    two["ben"].run("approach").must(0)
    out, _ = running.communicate(timeout=LIMIT_S)
    assert (running.returncode, out) == (0, f"{hand.id}\n")
    assert not told.exists()


def test_nobody_comes_in_time_it_falls_back_and_it_stays_up(two: Floor, tmp_path: Path) -> None:
    told = tmp_path / "told"
    running = page_script(two, told, "1s", "disk $(id) is full")
    running.communicate(timeout=LIMIT_S)
    assert running.returncode == 6
    assert told.read_text(encoding="utf-8") == "disk $(id) is full: nobody is coming (exit 6)\n"
    assert [each.message for each in two["ana"].escalations()] == ["disk $(id) is full"]


def test_the_page_s_hook_keeps_what_others_wrote_from_every_shell(two: Floor) -> None:
    rings = Path(two["ben"].env["HOME"]) / "rings"
    two.start("ana", "-m", '$(touch pwned) "quoted" %s', "-n", "ben")
    wanted = 'ana needs help at an unknown place: $(touch pwned) "quoted" %s'
    until(lambda: rings.exists() and wanted in rings.read_text(encoding="utf-8").splitlines(), "the hook ran")
    assert not list(two.home.folder.rglob("pwned"))


def test_the_page_names_every_hook_and_links_the_schema() -> None:
    for key in KEYS:
        if key.section == "hooks":
            assert f"\n{key.name} = " in PAGE, key.dotted
    (link,) = set(re.findall(r"\]\((json-schema\.json)\)", PAGE))
    schema = json.loads((ROOT / "docs" / link).read_text(encoding="utf-8"))
    without = {"demo", "run", "completion"}  # which print another's output, or none of ours
    named = {name.split("-")[0] for name in schema["$defs"]}
    assert set(VERBS) - without <= named

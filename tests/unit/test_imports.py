"""Who imports whom: always downwards, and never what a part must do without. Each rule says why."""

import ast
import os
import subprocess
import sys

import pytest

from support.source import ROOT, Import, daemon_imports, imports_of, part, sources, under

SIBLINGS = ("links", "discovery", "trust", "notify", "store", "ipc")
FOUNDATIONS = ("paths", "config", "config_keys", "config_values", "quiet", "toml_edit", "logs")


def listed(wrong: list[Import], why: str) -> None:
    assert not wrong, f"{why}\n" + "\n".join(map(str, wrong))


def test_core_imports_only_core() -> None:
    wrong = [each for each in daemon_imports("core") if not under(each.target, "escalate_daemon.core")]
    listed(wrong, "The core decides and knows nothing of its shell: the simulator drives this very code.")


CORE_FORBIDDEN = (
    *("asyncio", "threading", "multiprocessing", "concurrent", "subprocess", "signal", "selectors"),
    *("socket", "ssl", "select", "http", "urllib.request"),
    *("time", "datetime", "sched", "zoneinfo"),
    *("logging", "warnings", "os", "pathlib", "io", "tempfile", "shutil", "sqlite3", "platform", "sys"),
    *("secrets", "uuid", "cryptography", "zeroconf", "plyer", "dbus_fast"),
)


def test_core_reaches_neither_clock_nor_network_nor_disk() -> None:
    wrong = [
        each
        for source in sources("daemon")
        if part(source.module) == "core"
        for each in imports_of(source)
        if under(each.target, *CORE_FORBIDDEN)
    ]
    listed(wrong, "Time, randomness, keys and the world are arguments: same inputs, same outputs, to the byte.")


def test_core_neither_awaits_nor_opens_nor_prints_nor_draws_randomness() -> None:
    wrong = []
    for source in sources("daemon"):
        if part(source.module) != "core":
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
                wrong.append(f"{source.where}:{node.lineno} awaits")
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in {"open", "print", "input", "exec", "eval"}:
                    wrong.append(f"{source.where}:{node.lineno} calls {node.func.id}")
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if node.value.id == "random" and node.attr != "Random":
                    wrong.append(f"{source.where}:{node.lineno} uses random.{node.attr}")
            elif isinstance(node, ast.ImportFrom) and node.module == "random":
                wrong += [f"{source.where}:{node.lineno}" for alias in node.names if alias.name != "Random"]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("sibling", SIBLINGS)
def test_sibling_imports_only_itself_and_the_core(sibling: str) -> None:
    allowed = (f"escalate_daemon.{sibling}", "escalate_daemon.core")
    wrong = [each for each in daemon_imports(sibling) if not under(each.target, *allowed)]
    listed(
        wrong,
        "Siblings do not know one another, nor the settings, nor the application: only that knows them all.",
    )


def test_local_api_imports_no_core() -> None:
    wrong = [each for each in daemon_imports("ipc") if under(each.target, "escalate_daemon.core")]
    listed(wrong, "The command line imports the local API: it must start fast, and not know the core's model.")


def test_foundations_import_next_to_nothing_of_ours() -> None:
    check = ("core.text", "core.tuning", "core.ids", "quiet")  # one check of text, of names, of hours everywhere
    settings = ("paths", "toml_edit", "config_keys", "config_values", *check)
    allowed = {"config": settings, "config_keys": settings, "config_values": settings}
    wrong = [
        each
        for foundation in FOUNDATIONS
        for each in daemon_imports(foundation)
        if not under(each.target, *(f"escalate_daemon.{name}" for name in allowed.get(foundation, ())))
    ]
    listed(wrong, "Paths, settings and the log are used by the command line and by every start.")


def test_nothing_of_the_daemon_imports_the_command_line() -> None:
    wrong = [each for source in sources("daemon") for each in imports_of(source) if under(each.target, "escalate_cli")]
    listed(wrong, "The command line is a client of the daemon; the daemon runs without it.")


def test_command_line_imports_of_the_daemon_only_the_local_api_and_paths() -> None:
    wrong = []
    for source in sources("escalate_cli"):
        command = under(source.module, "escalate_cli.commands")
        for each in imports_of(source):
            if not under(each.target, "escalate_daemon"):
                continue
            allowed = under(each.target, "escalate_daemon.ipc", "escalate_daemon.paths")
            own_command = command and under(each.target, "escalate_daemon.config", "escalate_daemon.service")
            if not allowed and not own_command:
                wrong.append(each)
    listed(
        wrong,
        "Decisions live in the daemon; the command line asks and prints (settings: in their own commands).",
    )


HEAVY = ("asyncio", "zeroconf", "cryptography", "plyer", "dbus_fast", "sqlite3", "escalate_daemon.core.wire")


def test_command_line_never_loads_what_makes_it_slow() -> None:
    """Whatever its modules import, directly or not, is looked for in a fresh interpreter."""
    modules = [source.module for source in sources("escalate_cli") if source.module != "escalate_cli.__main__"]
    slow = loaded(modules, HEAVY)
    assert slow == "[]", "a hot key calls it: it starts in tens of milliseconds, or it is not used"


SELDOM = ("typer", "rich", "plyer", "dbus_fast", "desktop_notifier", "importlib.metadata", "escalate_daemon.demo")


def test_daemon_loads_nothing_that_it_may_never_use() -> None:
    seldom = loaded(["escalate_daemon.app"], SELDOM)
    assert seldom == "[]", "it runs all day on every machine: what it loads, all of them hold"


def loaded(modules: list[str], looked_for: tuple[str, ...]) -> str:
    """Which of `looked_for` a fresh interpreter holds that imported `modules`."""
    script = f"import sys, importlib\nfor m in {modules!r}: importlib.import_module(m)\n"
    script += f"print([name for name in {looked_for!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=environ(),
        cwd=ROOT / "tests",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def environ() -> dict[str, str]:
    """A child that finds our packages as this process does."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}

"""The house rules, held by reading the source: who imports whom, how long things are, what may not be."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TREES = ("daemon", "escalate_cli", "tests")
FILE_LINES = 400
FUNCTION_LINES = 60
SIBLINGS = ("links", "discovery", "trust", "notify", "store", "ipc")
FOUNDATIONS = ("paths", "config", "toml_edit", "logs")


@dataclass(frozen=True)
class Source:
    """One file of ours."""

    path: Path
    module: str  # dotted; for tests relative to tests/
    text: str
    tree: ast.Module

    @property
    def where(self) -> str:
        return str(self.path.relative_to(ROOT))


@dataclass(frozen=True)
class Import:
    """One module that a file imports; `inside` a function or not."""

    source: Source
    line: int
    target: str
    inside: bool

    def __str__(self) -> str:
        return f"{self.source.where}:{self.line} imports {self.target}"


@cache
def sources(tree: str) -> tuple[Source, ...]:
    base = ROOT / tree
    found = []
    for path in sorted(base.rglob("*.py")):
        relative = path.relative_to(base if tree in {"daemon", "tests"} else ROOT)
        module = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
        text = path.read_text(encoding="utf-8")
        found.append(Source(path, module, text, ast.parse(text)))
    return tuple(found)


def everything() -> Iterator[Source]:
    for tree in TREES:
        yield from sources(tree)


def product() -> Iterator[Source]:
    yield from sources("daemon")
    yield from sources("escalate_cli")


def imports_of(source: Source) -> Iterator[Import]:
    """Every import, those inside functions too; `from package import name` counts as package.name as well."""
    functions = [
        node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    within = {id(child) for function in functions for child in ast.walk(function)}
    for node in ast.walk(source.tree):
        inside = id(node) in within
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(source, node.lineno, alias.name, inside)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.where}:{node.lineno} relative import: say the whole name"
            assert node.module is not None
            for alias in node.names:
                yield Import(source, node.lineno, f"{node.module}.{alias.name}", inside)


def under(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def ours(target: str) -> bool:
    return under(target, "escalate_daemon", "escalate_cli")


def part(module: str) -> str:
    """Which part of the daemon a module belongs to: escalate_daemon.links.lan -> links."""
    return module.split(".")[1] if "." in module else ""


def daemon_imports(*parts: str) -> Iterator[Import]:
    """Imports of our own modules by the files of these parts."""
    for source in sources("daemon"):
        if part(source.module) in parts:
            yield from (each for each in imports_of(source) if ours(each.target))


def listed(wrong: list[Import], why: str) -> None:
    assert not wrong, f"{why}\n" + "\n".join(map(str, wrong))


# --- Who imports whom ------------------------------------------------------------------------------
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
    listed(
        wrong, "Time, randomness, keys and the world are arguments: same inputs, same outputs, to the byte."
    )


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
    listed(
        wrong, "The command line imports the local API: it must start fast, and not know the core's model."
    )


def test_foundations_import_next_to_nothing_of_ours() -> None:
    allowed = {
        "config": (
            "paths",
            "toml_edit",
            "core.text",
            "core.tuning",
        ),  # text is checked by the same code everywhere
    }
    wrong = [
        each
        for foundation in FOUNDATIONS
        for each in daemon_imports(foundation)
        if not under(each.target, *(f"escalate_daemon.{name}" for name in allowed.get(foundation, ())))
        and each.target != "escalate_daemon.toml_edit"
    ]
    listed(wrong, "Paths, settings and the log are used by the command line and by every start.")


def test_nothing_of_the_daemon_imports_the_command_line() -> None:
    wrong = [
        each
        for source in sources("daemon")
        for each in imports_of(source)
        if under(each.target, "escalate_cli")
    ]
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
    modules = [
        source.module for source in sources("escalate_cli") if source.module != "escalate_cli.__main__"
    ]
    script = f"import sys, importlib\nfor m in {modules!r}: importlib.import_module(m)\n"
    script += f"print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env=environ(),
        cwd=ROOT / "tests",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]", (
        "a hot key calls it: it starts in tens of milliseconds, or it is not used"
    )


def environ() -> dict[str, str]:
    """A child that finds our packages as this process does."""
    import os

    return os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}


# --- How long things are ---------------------------------------------------------------------------
def test_no_file_is_over_400_lines() -> None:
    long = [
        f"{source.where}: {lines}"
        for source in everything()
        if (lines := source.text.count("\n")) > FILE_LINES
    ]
    assert not long, "one thing a file: " + ", ".join(long)


def test_no_function_is_over_60_lines() -> None:
    long = []
    for source in everything():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long.append(f"{source.where}:{node.lineno} {node.name}: {lines}")
    assert not long, "\n".join(long)


# --- What may not be in it -------------------------------------------------------------------------
def comments(source: Source) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def test_every_exception_to_a_check_names_the_check() -> None:
    bare = re.compile(r"#\s*(?:noqa(?!:\s*[A-Z]+[0-9]+)|type:\s*ignore(?!\[[a-z-]+)|pragma)", re.IGNORECASE)
    wrong = [
        f"{s.where}:{line} {text}" for s in everything() for line, text in comments(s) if bare.search(text)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_module_says_what_it_owns() -> None:
    silent = [
        source.where for source in everything() if source.text.strip() and not ast.get_docstring(source.tree)
    ]
    assert not silent, ", ".join(silent)


def test_no_bags_of_anything_cross_a_module_s_border() -> None:
    bag = re.compile(r"\bdict\[str, (?:typing\.)?Any\]|\bcast\(Any")
    wrong = [source.where for source in product() if bag.search(source.text)]
    assert not wrong, "say what is in it, with a frozen dataclass: " + ", ".join(wrong)


def test_no_queue_is_unbounded() -> None:
    wrong = []
    for source in product():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and not node.args and not node.keywords:
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if name in {"Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"}:
                    wrong.append(f"{source.where}:{node.lineno}")
    assert not wrong, "everything fed by a peer has a bound: " + ", ".join(wrong)


def is_sleep(node: ast.AST) -> bool:
    """Whether it is a call of time.sleep or asyncio.sleep; sleep(0) only lets others run."""
    if not isinstance(node, ast.Call) or (node.args and ast.unparse(node.args[0]) == "0"):
        return False
    return ast.unparse(node.func) in {"time.sleep", "asyncio.sleep", "sleep"}


def test_tests_wait_for_conditions_and_never_sleep() -> None:
    """Only tests/support sleeps: between two looks at a condition, with a deadline far above what is usual."""
    wrong = [
        f"{source.where}:{node.lineno}"
        for source in sources("tests")
        if not under(source.module, "support")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and is_sleep(node)
    ]
    assert not wrong, "wait with support.waiting: " + ", ".join(wrong)


SKIPPED = {
    ".git",
    ".venv",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    "dist",
    "build",
}


def texts() -> Iterator[tuple[Path, str]]:
    for path in ROOT.rglob("*"):
        if path.is_file() and not SKIPPED & set(path.relative_to(ROOT).parts):
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def test_nothing_names_the_machine_it_was_written_on() -> None:
    place = re.compile(r"(?<![\w.$}>-])/(?:work|home/\w+|root|Users/\w+)/" + r"|\.\./" + "shared")
    wrong = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path, text in texts()
        if (found := place.search(text)) is not None
    ]
    assert not wrong, "\n".join(wrong)

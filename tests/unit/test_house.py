"""The house rules besides imports: how long things are, and what may not be in the source."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from support.source import ROOT, Source, everything, product, sources, under

FILE_LINES = 400
FUNCTION_LINES = 60


# --- How long things are ---------------------------------------------------------------------------
def test_no_file_is_over_400_lines() -> None:
    long = [f"{source.where}: {lines}" for source in everything() if (lines := source.text.count("\n")) > FILE_LINES]
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
    wrong = [f"{s.where}:{line} {text}" for s in everything() for line, text in comments(s) if bare.search(text)]
    assert not wrong, "\n".join(wrong)


def test_every_module_says_what_it_owns() -> None:
    modules = [*product(), *(source for source in sources("tests") if under(source.module, "support", "simulation"))]
    silent = [source.where for source in modules if source.text.strip() and not ast.get_docstring(source.tree)]
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
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
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
        f"{path.relative_to(ROOT)}: {found[0]}" for path, text in texts() if (found := place.search(text)) is not None
    ]
    assert not wrong, "\n".join(wrong)

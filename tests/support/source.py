"""Our own source, read as text and as syntax: what the house rules are checked on."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TREES = ("daemon", "escalate_cli", "tests")


@dataclass(frozen=True)
class Source:
    """One file of ours."""

    path: Path
    module: str  # dotted; for tests relative to tests/
    text: str
    tree: ast.Module

    @property
    def where(self) -> str:
        """Its path in the repository."""
        return str(self.path.relative_to(ROOT))


@dataclass(frozen=True)
class Import:
    """One module that a file imports."""

    source: Source
    line: int
    target: str

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
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(source, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.where}:{node.lineno} relative import: say the whole name"
            assert node.module is not None
            for alias in node.names:
                yield Import(source, node.lineno, f"{node.module}.{alias.name}")


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

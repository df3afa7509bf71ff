"""docs/performance.md: what was measured is put between its marks; what a person wrote around them stays."""

import os
import platform
import re
import ssl
import sys
from pathlib import Path
from typing import Final

from bench import serf
from bench.report import Table

_DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def write(name: str, tables: list[Table]) -> str:
    """Put these tables in the place of the former ones of that name; the document's name."""
    text = _DOCUMENT.read_text(encoding="utf-8")
    text = _replaced(text, name, "\n\n".join(table.markdown() for table in tables))
    text = _replaced(text, "machine", _machine())
    _DOCUMENT.write_text(text, encoding="utf-8")
    return _DOCUMENT.name


def _replaced(text: str, name: str, new: str) -> str:
    begin, end = f"<!-- measured: {name} -->", f"<!-- end: {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    return pattern.sub(lambda _: f"{begin}\n{new}\n{end}", text)


def _machine() -> str:
    """The class of the machine, and what was measured on it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    beside = f"Serf {serf.version()} (Debian's)" if serf.why_missing() is None else "no Serf"
    return (
        f"{os.cpu_count()} processors shared by all hosts, {memory:.0f} GiB, Linux "
        f"{'.'.join(platform.release().split('.')[:2])}, Python {platform.python_version()}, {ssl.OPENSSL_VERSION}, "
        f"{beside}; load of the last minute at the end of the run {os.getloadavg()[0]:.1f}. "
        f"Command: `python {' '.join(['tests/bench/run.py', *sys.argv[1:]])}`."
    )

"""Memory of a process, as the kernel tells it in smaps. MB."""

import sys
from pathlib import Path
from typing import Final

_MB: Final = 1024.0  # smaps counts KiB
_PYTHONS: Final = tuple({str(Path(prefix).resolve()) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)})
_SYSTEM: Final = ("/usr", "/")  # a Python that is the system's own: told from its neighbours by name
_ITS_OWN: Final = ("python3", "/site-packages/", "/dist-packages/")


def pss(pid: int) -> float:
    """Proportional: each page shared among all who map it now."""
    return _rolled_up(pid)["Pss"]


def rss(pid: int) -> float:
    """All that it maps and that is in memory, whoever else has it too."""
    return _rolled_up(pid)["Rss"]


def alone(pid: int) -> float:
    """PSS as it would be if no other process ran this Python: its files count whole, the system's are shared."""
    kib = 0
    whole = False
    for line in Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            whole = _of_python(words[5] if len(words) > 5 else "")
        elif words[0] == ("Rss:" if whole else "Pss:"):
            kib += int(words[1])
    return kib / _MB


def _of_python(file: str) -> bool:
    if any(word in file for word in _ITS_OWN):
        return True
    return any(file.startswith(f"{prefix}/") for prefix in _PYTHONS if prefix not in _SYSTEM)


def _rolled_up(pid: int) -> dict[str, float]:
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        name, _, rest = line.partition(":")
        found[name] = int(rest.split()[0]) / _MB
    return found

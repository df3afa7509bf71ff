"""Makes the package importable under pytest's importlib mode, which adds no folder to the path."""

import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]
for folder in (str(_TESTS), str(_TESTS.parent / "daemon")):
    if folder not in sys.path:
        sys.path.insert(0, folder)

"""A short path for a socket."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def door() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="esc-"))
    yield folder / "run" / "s"
    shutil.rmtree(folder)

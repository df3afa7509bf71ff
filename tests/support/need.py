"""What a test cannot do without: skipped by name on a person's machine, a failure under CI=true."""

import os
import shutil

import pytest


def need(missing: str | None) -> None:
    """Skip the test, or fail it under CI=true, for the reason given; None: nothing is missing."""
    if missing is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{missing} (under CI nothing may be skipped)")
    pytest.skip(missing)


def need_tools(*tools: str) -> None:
    """`need` for programs on PATH."""
    gone = [tool for tool in tools if shutil.which(tool) is None]
    need(f"not installed: {', '.join(gone)}" if gone else None)


def need_import(*modules: str) -> None:
    """`need` for Python modules."""
    from importlib.util import find_spec

    gone = [module for module in modules if find_spec(module) is None]
    need(f"not installed: {', '.join(gone)}" if gone else None)

"""Commands as an installer makes them: a script of the same form for `escalate` and for what it is compared with."""

import sys
import tomllib
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[2]
_FORM: Final = """#!{python}
import sys
from {module} import {name}
if __name__ == '__main__':
    sys.exit({name}())
"""


def script(folder: Path, command: str, entry: str) -> list[str]:
    """Write the script for `entry` ("module:function") to `folder`; how it is run."""
    module, _, name = entry.partition(":")
    path = folder / command
    path.write_text(_FORM.format(python=sys.executable, module=module, name=name), encoding="utf-8")
    path.chmod(0o755)
    return [str(path)]


def escalate(folder: Path) -> list[str]:
    """The command itself, by the entry point that this checkout declares."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return script(folder, "escalate", project["scripts"]["escalate"])

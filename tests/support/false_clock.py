"""A wall clock that can be moved while programs run: libfaketime, told to leave every other clock alone.

It makes `time.sleep` fail in Python, so it is for daemons, which never call that.
"""

from pathlib import Path
from typing import Final

_PLACES: Final = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")


def _library() -> Path | None:
    return next((found for place in _PLACES for found in Path("/").glob(place.lstrip("/"))), None)


def why_unavailable() -> str | None:
    """Why no clock can be moved here, or None where one can."""
    return None if _library() else "not installed: libfaketime (apt: faketime)"


class FalseClock:
    """The wall clock of all programs that are started with `env`."""

    def __init__(self, folder: Path) -> None:
        """`folder` exists."""
        self._file = folder / "faketime"
        self.show(0)

    @property
    def env(self) -> dict[str, str]:
        """What to start them with."""
        return {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def show(self, ahead_s: int) -> None:
        """From now on it is so many seconds ahead of the true one."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{ahead_s:+d}", encoding="utf-8")
        fresh.replace(self._file)

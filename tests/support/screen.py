"""A screen of a test's own: Xvfb on a free display, whose pixels are read from its frame buffer file (XWD)."""

import os
import struct
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from support import running
from support.waiting import until

Pixel = tuple[int, int, int]
_WIDTH, _HEIGHT = 800, 600


class Screen:
    """A running Xvfb. A context manager. `folder` exists."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.display = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        number = self.folder / "display"
        frames = self.folder / "frames"
        frames.mkdir()
        size = f"{_WIDTH}x{_HEIGHT}x24"
        argv = ["Xvfb", "-displayfd", "1", "-screen", "0", size, "-nolisten", "tcp", "-fbdir", str(frames)]
        self._process = running.start(argv, number)
        until(lambda: number.exists() and self._numbers(number), "the X server tells its display")
        self.display = f":{self._numbers(number)[0]}"
        until(lambda: len(self._frame()) > 0, "the X server has a frame buffer")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            running.end(self._process)

    @property
    def env(self) -> dict[str, str]:
        """For programs that shall draw here."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "DISPLAY": self.display, "LANG": "C.UTF-8"}

    @staticmethod
    def _numbers(file: Path) -> list[str]:
        """The display's number; other lines are the server's warnings."""
        text = file.read_text(encoding="utf-8", errors="replace")
        return [line for line in text.splitlines(keepends=False) if line.isdecimal()] if "\n" in text else []

    def _frame(self) -> bytes:
        file = self.folder / "frames" / "Xvfb_screen0"
        return file.read_bytes() if file.exists() else b""

    def count_near(self, colour: Pixel, tolerance: int = 24) -> int:
        """How many pixels are of about this colour now."""
        frame = self._frame()
        header = struct.unpack(">25I", frame[:100])
        begin = header[0] + header[19] * 12  # the header, then the colour map of 12 bytes an entry
        little = header[7] == 0
        pixels = frame[begin : begin + _WIDTH * _HEIGHT * 4]
        red, green, blue = (2, 1, 0) if little else (1, 2, 3)
        near = [[abs(value - wanted) <= tolerance for value in range(256)] for wanted in colour]
        channels = zip(pixels[red::4], pixels[green::4], pixels[blue::4], strict=True)
        return sum(near[0][r] and near[1][g] and near[2][b] for r, g, b in channels)

"""Draws the icons beside it: a raised hand on a red octagon, on a yellow, a green, a grey disc. Run by hand, alone.

The shapes differ too, for those who see red and yellow alike.
"""

import math
import struct
import zlib
from pathlib import Path

SIDE = 96  # pixels; servers scale down from it
SAMPLES = 4  # a side; smooths the edges
Pixel = tuple[int, int, int]

RED: Pixel = (204, 18, 18)
YELLOW: Pixel = (255, 204, 0)
GREEN: Pixel = (22, 130, 60)
GREY: Pixel = (128, 128, 128)
WHITE: Pixel = (255, 255, 255)
DARK: Pixel = (51, 41, 0)

# Round-ended strokes as (x1, y1, x2, y2, radius), in units of the icon's side, from its upper left corner.
_STROKES = (
    (0.36, 0.31, 0.36, 0.58, 0.045),
    (0.46, 0.23, 0.46, 0.58, 0.045),
    (0.56, 0.23, 0.56, 0.58, 0.045),
    (0.66, 0.29, 0.66, 0.58, 0.045),
    (0.25, 0.50, 0.38, 0.68, 0.045),
    (0.44, 0.62, 0.58, 0.62, 0.125),
    (0.47, 0.72, 0.56, 0.72, 0.090),
)


def _in_hand(x: float, y: float) -> bool:
    return any(_near_stroke(x, y, stroke) for stroke in _STROKES)


def _near_stroke(x: float, y: float, stroke: tuple[float, float, float, float, float]) -> bool:
    x1, y1, x2, y2, radius = stroke
    dx, dy = x2 - x1, y2 - y1
    along = min(1.0, max(0.0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy)))
    return math.hypot(x - x1 - along * dx, y - y1 - along * dy) <= radius


def _in_disc(x: float, y: float) -> bool:
    return math.hypot(x - 0.5, y - 0.5) <= 0.48


def _in_octagon(x: float, y: float) -> bool:
    dx, dy = abs(x - 0.5), abs(y - 0.5)
    return max(dx, dy, (dx + dy) / math.sqrt(2)) <= 0.48


def rgba(ground: Pixel, hand: Pixel, *, octagon: bool) -> bytes:
    """The picture as rows of red, green, blue, alpha."""
    inside = _in_octagon if octagon else _in_disc
    out = bytearray()
    for row in range(SIDE):
        for column in range(SIDE):
            spots = [
                ((column + (i + 0.5) / SAMPLES) / SIDE, (row + (j + 0.5) / SAMPLES) / SIDE)
                for i in range(SAMPLES)
                for j in range(SAMPLES)
            ]
            covered = [spot for spot in spots if inside(*spot)]
            share = sum(_in_hand(*spot) for spot in covered) / len(covered) if covered else 0.0
            out += bytes(round(g + (h - g) * share) for g, h in zip(ground, hand, strict=True))
            out.append(round(255 * len(covered) / len(spots)))
    return bytes(out)


def png(pixels: bytes) -> bytes:
    """The rows as a PNG file."""
    rows = b"".join(b"\0" + pixels[at : at + SIDE * 4] for at in range(0, len(pixels), SIDE * 4))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def main() -> None:
    """Write the files."""
    folder = Path(__file__).parent
    folder.joinpath("red.png").write_bytes(png(rgba(RED, WHITE, octagon=True)))
    folder.joinpath("yellow.png").write_bytes(png(rgba(YELLOW, DARK, octagon=False)))
    folder.joinpath("green.png").write_bytes(png(rgba(GREEN, WHITE, octagon=False)))
    folder.joinpath("grey.png").write_bytes(png(rgba(GREY, WHITE, octagon=False)))


if __name__ == "__main__":
    main()

"""Rows of text: aligned under headers on a terminal, tab-separated without headers in a pipe."""

from collections.abc import Iterable, Sequence

import msgspec

from escalate_cli import escape, output


class Row(msgspec.Struct, frozen=True):
    """Cells as they come, hostile or not, and the colour of the whole row ("" for none)."""

    cells: tuple[str, ...]
    colour: str = ""


def render(headers: Sequence[str], rows: Iterable[Row], *, aligned: bool | None = None) -> list[str]:
    """The lines of a table; `aligned` None asks whether stdout is a terminal. No rows: no lines."""
    clean = [Row(tuple(escape.printable(cell) or "-" for cell in row.cells), row.colour) for row in rows]
    if not clean:
        return []
    if not (output.is_terminal() if aligned is None else aligned):
        return ["\t".join(row.cells) for row in clean]
    titles = tuple(header.upper() for header in headers)
    columns = [max(map(escape.width, column)) for column in zip(titles, *(r.cells for r in clean), strict=True)]
    lines = [output.paint(_aligned(titles, columns), "bold")]
    return lines + [output.paint(_aligned(row.cells, columns), row.colour) for row in clean]


def _aligned(cells: Sequence[str], columns: Sequence[int]) -> str:
    padded = (cell + " " * (size - escape.width(cell)) for cell, size in zip(cells, columns, strict=True))
    return "  ".join(padded).rstrip()

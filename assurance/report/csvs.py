"""The tables of a pack as CSV: UTF-8 without a mark, a heading, and no cell that a spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from assurance.pack.contents import Contents
from assurance.report.tables import Cell, tables

BLOCK = 1 << 16
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def files(contents: Contents) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Path in the archive and content of each."""
    for one in tables(contents):
        yield f"csv/{one.name}.csv", blocks(chain([one.headings], one.rows()))


def blocks(rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([harmless(one) for one in row])
        if text.tell() > BLOCK:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def harmless(cell: Cell) -> Cell:
    """Led by an apostrophe where a spreadsheet would take the text for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(BEGINS_A_FORMULA) else cell

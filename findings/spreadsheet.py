"""Findings as a workbook: a sheet that says what it is, and a sheet of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import IO, Any

import xlsxwriter

WIDTHS = {"title": 50, "resource": 60, "aws_id": 60, "account_name": 24, "solutions": 24, "resource_name": 30}
USUAL_WIDTH = 16
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write(out: IO[bytes], about: Mapping[str, str], names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write the workbook, each cell as the text it is."""
    with TemporaryDirectory() as folder:  # its rows lie there until it is whole
        _write(xlsxwriter.Workbook(out, {**OPTIONS, "tmpdir": folder}), about, names, rows)


def _write(book: Any, about: Mapping[str, str], names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    bold = book.add_format({"bold": True})
    first = book.add_worksheet("About")
    first.set_column(0, 0, 20)
    first.set_column(1, 1, 90)
    for line, (name, words) in enumerate(about.items()):
        first.write_string(line, 0, name, bold)
        first.write_string(line, 1, words)
    sheet = book.add_worksheet("Findings")
    for position, name in enumerate(names):
        sheet.set_column(position, position, WIDTHS.get(name, USUAL_WIDTH))
    for position, name in enumerate(names):
        sheet.write_string(0, position, name, bold)
    sheet.freeze_panes(1, 1)
    written = 0
    for written, row in enumerate(rows, 1):
        for position, cell in enumerate(row):
            if cell:
                sheet.write_string(written, position, cell[:32_767])
    sheet.autofilter(0, 0, written, len(names) - 1)
    book.close()

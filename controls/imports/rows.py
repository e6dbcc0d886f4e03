"""The rows of a spreadsheet, CSV or workbook, each cell as text; and how a place in it is named."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import Any

from django.utils.translation import gettext as _
from xlsxwriter.utility import xl_col_to_name

from controls.imports.refusals import refused

MOST_CELL = 60_000
MOST_COLUMNS = 50


def place(row: int, column: int | None = None, *, sheet: str = "") -> str:
    """row: from 1; column: from 0."""
    where = _("row %(row)d") % {"row": row}
    if column is not None:
        where = _("row %(row)d, column %(column)s") % {"row": row, "column": xl_col_to_name(column)}
    return _("sheet %(sheet)s, %(where)s") % {"sheet": sheet, "where": where} if sheet else where


def of_csv(text: str) -> Iterator[Sequence[str]]:
    """By comma; or by semicolon where only that divides the first line; the first cells of each. Raises Refused."""
    csv.field_size_limit(MOST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text))
    try:
        for row in reader:
            yield row[:MOST_COLUMNS]
    except csv.Error as error:
        raise refused(
            _("Not CSV: %(error)s.") % {"error": error}, _("line %(line)s") % {"line": reader.line_num}
        ) from error


def delimiter(text: str) -> str:
    """Spreadsheets write semicolons where a comma is the decimal sign."""
    first = text.partition("\n")[0]
    return ";" if ";" in first and "," not in first else ","


def of_workbook(raw: bytes, *, most: int, wanted: str = "") -> tuple[str, Iterator[Sequence[str]]]:
    """The sheet named so, or the first; its name and its rows, one more than `most` of them. Raises Refused.

    What is wrong inside a workbook comes out of its reader as an exception of almost any kind.
    """
    from openpyxl import load_workbook  # only who reads a workbook loads its 13 MB

    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        sheet: Any = book[wanted] if wanted in book.sheetnames else book.worksheets[0]
    except Exception as error:
        raise refused(_("The workbook cannot be read: %(error)s.") % {"error": error}) from error
    return str(sheet.title), _cells(sheet, most)


def _cells(sheet: Any, most: int) -> Iterator[Sequence[str]]:
    try:
        for row in sheet.iter_rows(values_only=True, max_row=most + 1, max_col=MOST_COLUMNS):
            yield [_text(cell) for cell in row]
    except Exception as error:
        raise refused(
            _("The workbook cannot be read: %(error)s.") % {"error": error},
            _("sheet %(title)s") % {"title": sheet.title},
        ) from error


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)

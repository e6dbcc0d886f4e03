"""The spreadsheet template, empty but for its header, to be filled in and imported."""

from __future__ import annotations

import io

import xlsxwriter

from controls.imports.sheet import COLUMNS, OBLIGATIONS

WIDTHS = {"title": 40, "text": 60, "guidance": 40, "section title": 30}


def blank_csv() -> str:
    return ",".join(COLUMNS) + "\r\n"


def blank_xlsx() -> bytes:
    """The first sheet is filled in; the second says what belongs into each column."""
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True}) as book:
        head, wrapped = book.add_format({"bold": True, "bottom": 1}), book.add_format({"text_wrap": True})
        rows = book.add_worksheet("Requirements")
        for number, name in enumerate(COLUMNS):
            rows.write_string(0, number, name, head)
            rows.set_column(number, number, WIDTHS.get(name, 16))
        rows.freeze_panes(1, 1)
        at = list(COLUMNS).index("obligation")
        rows.data_validation(1, at, 20_000, at, {"validate": "list", "source": list(OBLIGATIONS)})
        words = book.add_worksheet("Columns")
        words.set_column(0, 0, 16)
        words.set_column(1, 1, 80, wrapped)
        for number, (name, meaning) in enumerate(COLUMNS.items()):
            words.write_string(number, 0, name, head)
            words.write_string(number, 1, str(meaning))
    return held.getvalue()

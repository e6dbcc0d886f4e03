"""A table as a file: CSV or a workbook, every cell as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

import xlsxwriter
from django.http import HttpResponse
from django.utils.functional import Promise

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell may not begin with in a CSV. Source: OWASP, CSV injection."""
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDEST = 60
Word = str | Promise


def as_csv(name: str, head: Sequence[Word], rows: Iterable[Sequence[str]]) -> HttpResponse:
    """A text that a spreadsheet would take for a formula begins with an apostrophe."""
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(map(str, head))
    writer.writerows([f"'{cell}" if cell.startswith(RISKY) else cell for cell in row] for row in rows)
    return file_of(held.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", f"{name}.csv")


def as_xlsx(name: str, about: Mapping[str, str], head: Sequence[Word], rows: Iterable[Sequence[str]]) -> HttpResponse:
    """about: what the first sheet says of the file."""
    held = io.BytesIO()
    with xlsxwriter.Workbook(held, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        first = book.add_worksheet("About")
        first.set_column(0, 0, 20)
        first.set_column(1, 1, 90, wrapped)
        for line, (label, words) in enumerate(about.items()):
            first.write_string(line, 0, label, bold)
            first.write_string(line, 1, words)
        sheet = book.add_worksheet("Rows")
        labels = [str(label) for label in head]
        widths = [len(label) for label in labels]
        for line, row in enumerate([labels, *rows]):
            for column, cell in enumerate(row):
                sheet.write_string(line, column, cell[:32_767], wrapped if line else bold)
                widths[column] = max(widths[column], min(len(cell), WIDEST))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width + 2)
        sheet.freeze_panes(1, 1)
    return file_of(held.getvalue(), WORKBOOK, f"{name}.xlsx")


def file_of(body: bytes, content_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(body, content_type=content_type, headers=headers)

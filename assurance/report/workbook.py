"""The tables of a pack as one workbook, and every failure with them: the same contents, the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC
from tempfile import TemporaryDirectory
from typing import IO, Any

import xlsxwriter

from assurance.pack.contents import Contents
from assurance.report import words
from assurance.report.tables import Cell, tables

OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
WIDE = frozenset(
    {
        "title", "objective", "how_tested", "procedure", "because", "condition", "criteria", "cause", "effect",
        "recommendation", "response", "reason", "resource", "responsibility", "name", "file", "why_not_embedded",
    }
)  # fmt: skip
LONGEST = 32_767
"""Characters that a cell may have."""


def write(contents: Contents, failures: Iterable[Sequence[str]], file: IO[bytes]) -> None:
    """failures: the rows of failures.csv, its heading first."""
    with TemporaryDirectory() as folder:  # its rows lie there until it is whole
        book: Any = xlsxwriter.Workbook(file, {**OPTIONS, "tmpdir": folder})
        book.set_properties(
            {"title": contents.title, "author": contents.organisation, "created": contents.seal_time.astimezone(UTC)}
        )
        bold = book.add_format({"bold": True})
        _read_me(book, bold, contents)
        for one in tables(contents):
            _sheet(book, bold, one.title, one.headings, one.rows())
        rows = iter(failures)
        _sheet(book, bold, "Failures", list(next(rows, [])), rows)
        book.close()


def _read_me(book: Any, bold: Any, contents: Contents) -> None:
    sheet = book.add_worksheet("Read me")
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 100)
    about = {
        "Pack": contents.id,
        "Title": contents.title,
        "Framework": f"{contents.framework.name} {contents.framework_version}",
        "Solutions": words.listed([f"{one.name} ({one.id})" for one in contents.solutions]),
        "About": words.span(contents.about_from, contents.about_to),
        "As known at": words.moment(contents.known_at),
        "Sealed": words.moment(contents.seal_time),
        "Coverage": contents.coverage_words,
        "Reading it": "Fails that an exception accepts are still fails. Unknown and not observed are not passes.",
        "Verifying it": "verify_pack.py in the archive says whether anything was changed since it was sealed.",
    }
    for line, (label, fact) in enumerate(about.items()):
        sheet.write_string(line, 0, label, bold)
        sheet.write_string(line, 1, fact[:LONGEST])


def _sheet(book: Any, bold: Any, title: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    sheet = book.add_worksheet(title)
    for place, name in enumerate(headings):
        sheet.set_column(place, place, 50 if name in WIDE else 16)
    for place, name in enumerate(headings):
        sheet.write_string(0, place, name, bold)
    sheet.freeze_panes(1, 1)
    written = 0
    for written, row in enumerate(rows, 1):
        for place, cell in enumerate(row):
            if isinstance(cell, str):
                if cell:
                    sheet.write_string(written, place, cell[:LONGEST])
            else:
                sheet.write_number(written, place, cell)
    if headings:
        sheet.autofilter(0, 0, written, len(headings) - 1)

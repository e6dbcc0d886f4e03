"""A list of requests, read row by row: which cells it has, and where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from django.utils.translation import gettext as _

from controls.imports import rows
from controls.imports.content import check_size, check_workbook, is_zip, text_of
from controls.imports.refusals import Problem, refused
from evidence.pbc.columns import BY_HEAD, BY_NAME, COLUMNS, MOST_ROWS, NEEDED, SHEET
from risks.exchange.cells import clean, unguarded


@dataclass(frozen=True)
class Row:
    """cells: name of a column → what the cell says; only of the columns that the file has."""

    number: int
    cells: dict[str, str]

    def said(self, name: str) -> str:
        return self.cells.get(name, "")


@dataclass
class ReadFile:
    """at: where each column stands. problems: of its header."""

    sheet: str = ""
    at: dict[str, int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, row: int, name: str, reason: str) -> Problem:
        """name: of a column; "" for the whole row. The place names the column by its header, too."""
        where = rows.place(row, self.at.get(name), sheet=self.sheet)
        return Problem(f"{where} ({BY_NAME[name].head})" if name in self.at else where, reason)


def read(raw: bytes) -> ReadFile:
    """Raises Refused for what is no such file at all; what is wrong with its header is in `problems`."""
    check_size(raw)
    if is_zip(raw):
        check_workbook(raw)
        name, found = rows.of_workbook(raw, most=MOST_ROWS, wanted=SHEET)
    else:
        name, found = "", rows.of_csv(text_of(raw))
    file = _read(ReadFile(name), found)
    if not file.problems and not file.rows:
        raise refused(_("No row asks for anything."))
    return file


def _read(file: ReadFile, found: Iterable[Sequence[str]]) -> ReadFile:
    for number, cells in enumerate(found, 1):
        if number == 1:
            _header(file, cells)
        elif number > MOST_ROWS + 1:
            raise refused(_("More than %(most)d rows: split the file.") % {"most": MOST_ROWS}, rows.place(number))
        else:
            told = {name: clean(unguarded(cells[at])) if at < len(cells) else "" for name, at in file.at.items()}
            if any(told.values()):
                file.rows.append(Row(number, told))
    if not file.at and not file.problems:
        raise refused(_("The file is empty."))
    return file


def _header(file: ReadFile, cells: Sequence[str]) -> None:
    for place, cell in enumerate(cells):
        head = " ".join(clean(unguarded(cell)).replace("_", " ").lower().split())
        name = BY_HEAD.get(head)
        where = rows.place(1, place, sheet=file.sheet)
        if name and name in file.at:
            file.problems.append(Problem(where, _("There are two columns “%(head)s”: keep one.") % {"head": cell[:80]}))
        elif name:
            file.at[name] = place
        elif head:
            file.problems.append(Problem(where, _no_column(cell, head)))
    for name in NEEDED:
        if file.at and name not in file.at:
            words = _("The column “%(head)s” is missing.") % {"head": BY_NAME[name].head}
            file.problems.append(Problem(rows.place(1, sheet=file.sheet), words))


def _no_column(cell: str, head: str) -> str:
    near = get_close_matches(head, BY_HEAD, 1)
    if near:
        told = {"head": cell[:80], "near": BY_NAME[BY_HEAD[near[0]]].head}
        return _("There is no column “%(head)s”. Is it “%(near)s”?") % told
    told = {"head": cell[:80], "heads": ", ".join(one.head for one in COLUMNS)}
    return _("There is no column “%(head)s”: take it out, or name it one of %(heads)s.") % told

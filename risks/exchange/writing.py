"""The register as a file that can be changed and imported again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from django.db.models import Max
from django.http import HttpResponse

from audit.moment import Moment
from controls.tables import WORKBOOK, file_of
from organisation.models import Solution, User
from risks.exchange.cells import guarded
from risks.exchange.columns import LEVELS, Column, Sheet, labels
from risks.heat_map import Wanted
from risks.models import Assessment, Category, Risk
from risks.past import as_they_were
from risks.rules import Rules, stated_at
from risks.standing import levels_then

SHEET = "Risks"
LISTS = "Lists"
MOST_ROWS = 20_000
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def sheet_of(risks: Sequence[Risk], moment: Moment) -> Sheet:
    """What stands in these risks' rows at a moment. Four queries."""
    keys = [one.pk for one in risks]
    said = Assessment.objects.filter(risk__in=keys, proposed_at__lte=moment.at).order_by()
    latest = dict(said.values_list("risk").annotate(latest=Max("pk")))
    return Sheet(Rules.at(moment.at), stated_at(moment.at, keys), latest)


def risks_of(user: User, moment: Moment, wanted: Wanted, *, closed: bool) -> list[Risk]:
    """What the reader may see and the address asks for, as it was then. closed: those too."""
    seen = Risk.objects.visible_to(user).prefetch_related("solution", "category", "owner").order_by("pk")
    if moment.is_now:
        rows = seen.filter(wanted.where)
        return list(rows if closed else rows.open())
    then = [one for one in as_they_were(seen.added_by(moment.at), moment.at) if closed or not one.is_closed(moment.at)]
    stands = levels_then(then, moment.at)
    return [one for one in then if wanted.holds(one, stands[one.pk].standing)]


def lines(risks: Iterable[Risk], sheet: Sheet, columns: Sequence[Column]) -> Iterable[list[str]]:
    for risk in risks:
        told = sheet.told(risk)
        yield [guarded(told[one.name]) for one in columns]


def as_csv(name: str, columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> HttpResponse:
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow([one.head for one in columns])
    writer.writerows(rows)
    return file_of(held.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", f"{name}.csv")


def as_xlsx(
    name: str,
    about: Mapping[str, str],
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    choices: Mapping[str, Sequence[str]],
    sheet_name: str = SHEET,
) -> HttpResponse:
    """choices: the name of a column → what its cells may say, offered as a list to choose from."""
    held = io.BytesIO()
    with TemporaryDirectory() as folder, xlsxwriter.Workbook(held, {**OPTIONS, "tmpdir": folder}) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet(sheet_name)
        _rows(sheet, columns, rows, bold, book.add_format({"num_format": "yyyy-mm-dd"}))
        _about(book.add_worksheet("About"), about, columns, bold, book.add_format({"text_wrap": True, "valign": "top"}))
        _lists(book, sheet, columns, choices)
    return file_of(held.getvalue(), WORKBOOK, f"{name}.xlsx")


def _rows(sheet: Any, columns: Sequence[Column], rows: Iterable[Sequence[str]], bold: Any, dated: Any) -> None:
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, column.head, bold)
    sheet.freeze_panes(1, 1)
    written = 0
    for written, row in enumerate(rows, 1):
        for place, cell in enumerate(row):
            if cell and columns[place].name == "review_on" and cell >= "1900-03-01":
                sheet.write_datetime(written, place, date.fromisoformat(cell), dated)
            elif cell:
                sheet.write_string(written, place, cell)
    sheet.autofilter(0, 0, written, len(columns) - 1)


def _about(sheet: Any, about: Mapping[str, str], columns: Sequence[Column], bold: Any, wrapped: Any) -> None:
    """What the file is, and what belongs into each column."""
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 90, wrapped)
    told = [*about.items(), ("", ""), *((one.head, str(one.words)) for one in columns)]
    for line, (label, words) in enumerate(told):
        sheet.write_string(line, 0, label, bold)
        sheet.write_string(line, 1, words)


def _lists(book: Any, sheet: Any, columns: Sequence[Column], choices: Mapping[str, Sequence[str]]) -> None:
    """Lists lie in a sheet of their own: a validation by itself holds 255 characters."""
    offered = [(place, one, choices[one.name]) for place, one in enumerate(columns) if choices.get(one.name)]
    lists = book.add_worksheet(LISTS)
    lists.hide()
    longest = max((len(words) for _place, _one, words in offered), default=0)
    for column, (_place, one, _words) in enumerate(offered):
        lists.write_string(0, column, one.head)
    for line in range(longest):
        for column, (_place, _one, words) in enumerate(offered):
            if line < len(words):
                lists.write_string(line + 1, column, guarded(words[line]))
    for column, (place, one, words) in enumerate(offered):
        letter = xlsxwriter.utility.xl_col_to_name(column)
        sheet.data_validation(1, place, MOST_ROWS, place, {
            "validate": "list",
            "source": f"={LISTS}!${letter}$2:${letter}${len(words) + 1}",
            "error_type": "warning",
            "error_title": one.head,
            "error_message": str(one.words)[:255],
        })  # fmt: skip


def choices_for(user: User, sheet: Sheet) -> dict[str, list[str]]:
    """What the cells of a column may say: the matrix's words, categories in use, and the reader's solutions."""
    found = {name: labels(sheet.matrix, name.partition("_")[2]) for name in LEVELS}
    solutions = Solution.objects.visible_to(user).order_by("name")
    return {
        **found,
        "category": list(Category.objects.in_use().values_list("name", flat=True)),
        "solution": list(solutions.values_list("name", flat=True)),
    }

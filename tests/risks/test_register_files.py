"""The register as a file: the same rows in the same order, safe to open."""

from __future__ import annotations

import csv
import io

import pytest
from openpyxl import load_workbook

from risks import standing
from tests.conftest import LoggedIn
from tests.factories.risks import AppetiteFactory, AssessmentFactory, RiskFactory

pytestmark = pytest.mark.django_db


def _two() -> None:
    AppetiteFactory(appetite=1, tolerance=2)
    AssessmentFactory(risk=RiskFactory(title="=cmd()", link="https://tickets.example.org/1"), likelihood=4, impact=4)
    RiskFactory(title="Logs end")
    standing.refresh()


def test_the_csv_has_what_the_page_lists(second_line: LoggedIn) -> None:
    _two()
    answer = second_line.get("/risks/register.csv?order=title")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [one["Title"] for one in rows] == ["'=cmd()", "Logs end"]
    assert (rows[0]["Current"], rows[0]["Standing"], rows[1]["Standing"]) == (
        "Critical",
        "Above tolerance",
        "Not assessed",
    )
    assert rows[0]["Scope"] == "every solution"
    narrowed = second_line.get("/risks/register.csv?standing=not_assessed").content.decode("utf-8-sig")
    assert len(narrowed.splitlines()) == 2


def test_the_workbook_says_what_it_is_about(second_line: LoggedIn) -> None:
    _two()
    answer = second_line.get("/risks/register.xlsx?q=logs")
    book = load_workbook(io.BytesIO(answer.content))
    about = {row[0]: row[1] for row in book["About"].iter_rows(values_only=True)}
    assert (about["Narrowed to"], about["Rows"], about["Read by"]) == ("q=logs", "1", second_line.person.name)
    rows = list(book["Rows"].iter_rows(values_only=True))
    assert [row[1] for row in rows] == ["Title", "Logs end"]


def test_there_is_no_other_form(second_line: LoggedIn) -> None:
    assert second_line.get("/risks/register.pdf").status_code == 404

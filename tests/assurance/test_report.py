"""The report of a pack: a PDF/A that says what the contents say, and nothing that a text could make it do."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from assurance import apart
from assurance.pack.contents import Contents, ControlMapping
from assurance.report import csvs, printing, render, workbook
from tests.assurance.contents_examples import example

HOSTILE = ['#import "x.typ": *', "$x$ ] } #panic()", "=SUM(A1)", "‮עברית", "😀" * 30, "a" * 4_000, "\x00\x1b[2J", "<b>&"]


@pytest.fixture(scope="module")
def contents() -> Contents:
    return example().contents


@pytest.fixture(scope="module")
def report(contents: Contents) -> PdfReader:
    return PdfReader(io.BytesIO(render(contents)))


def text(report: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in report.pages).split())


def test_it_is_a_tagged_pdf_a_in_english_with_a_title(report: PdfReader, contents: Contents) -> None:
    root: Any = report.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is True or str(root["/MarkInfo"]["/Marked"]) == "True"
    assert "/StructTreeRoot" in root
    assert str(root["/Lang"]).lower().startswith("en")
    metadata = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert report.metadata
    assert report.metadata.title == contents.title


def test_what_it_says_can_be_searched(report: PdfReader, contents: Contents) -> None:
    said = text(report)
    for wanted in (contents.id, contents.framework.name, *(one.key for one in contents.requirements)):
        assert wanted in said
    for control in contents.controls:
        assert control.name in said


def test_first_failures_stand_there_and_the_rows_of_the_rest_are_named(report: PdfReader, contents: Contents) -> None:
    said = text(report)
    many = [
        one for control in contents.controls for one in control.checks if one.failing + one.accepted > len(one.failures)
    ]
    assert many
    assert "of csv/failures.csv" in said


def test_a_check_of_two_controls_lists_its_failures_once(contents: Contents) -> None:
    shared = next(check for one in contents.controls for check in one.checks if check.failures)
    first, second = (replace(one, checks=[shared]) for one in contents.controls[:2])
    asks = replace(contents.requirements[0], controls=[ControlMapping(one.id, "Subset") for one in (first, second)])
    told = replace(contents, controls=[first, second], requirements=[asks])
    said = text(PdfReader(io.BytesIO(render(told))))
    assert f"the first of them under {first.id}" in said
    assert said.count(f"{shared.failing:,} fail ") == 2


def test_what_typst_refuses_is_an_error() -> None:
    with pytest.raises(apart.Failed, match="about"):
        printing.typeset(b"{}", 0)


def test_the_same_contents_give_the_same_bytes_in_another_process(contents: Contents) -> None:
    here = hashlib.sha256(render(contents)).hexdigest()
    program = (
        "import hashlib; from tests.assurance.contents_examples import example; from assurance.report import render;"
        " print(hashlib.sha256(render(example().contents)).hexdigest())"
    )
    there = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import django; django.setup(); {program}"],
        capture_output=True, text=True, check=True, env=_environment(),
    )  # fmt: skip
    assert there.stdout.strip() == here


def _environment() -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "compliance_portal.settings"}


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_shown_as_they_are(contents: Contents, words: str) -> None:
    first = replace(contents.requirements[0], title=words)
    risk = replace(contents.risks[0], title=words, treatment=words)
    told = replace(contents, title=words or "-", requirements=[first, *contents.requirements[1:]], risks=[risk])
    assert len(PdfReader(io.BytesIO(render(told))).pages) > 5


@settings(max_examples=15, deadline=None)
@given(words=st.text(max_size=200))
def test_no_text_breaks_it(words: str) -> None:
    contents = example().contents
    control = replace(contents.controls[0], objective=words, procedure=words)
    assert render(replace(contents, controls=[control], requirements=contents.requirements[:1])).startswith(b"%PDF")


def test_tables_and_workbook_have_the_same_rows(contents: Contents) -> None:
    tables = {path: list(csv.reader(io.StringIO(b"".join(blocks).decode()))) for path, blocks in csvs.files(contents)}
    made = io.BytesIO()
    workbook.write(contents, [["check", "resource"], ["IAM.3", "=HYPERLINK(1)"]], made)
    book = openpyxl.load_workbook(made, read_only=True)
    rows = {
        sheet.title: [[str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)] for sheet in book
    }
    assert [row[0] for row in rows["Requirements"]] == [row[0] for row in tables["csv/requirements.csv"]]
    assert len(rows["Evidence"]) == len(tables["csv/evidence.csv"]) == len(contents.evidence) + 1
    assert rows["Failures"] == [["check", "resource"], ["IAM.3", "=HYPERLINK(1)"]]


def test_no_cell_of_a_table_is_a_formula(contents: Contents) -> None:
    hostile = replace(contents.requirements[0], title='=cmd|" /C calc"!A1')
    told = replace(contents, requirements=[hostile])
    tables = {path: b"".join(blocks).decode() for path, blocks in csvs.files(told)}
    assert "'=cmd" in tables["csv/requirements.csv"]


def test_the_workbook_has_the_same_bytes_again(contents: Contents) -> None:
    made = [io.BytesIO(), io.BytesIO()]
    for one in made:
        workbook.write(contents, [["check"]], one)
    assert made[0].getvalue() == made[1].getvalue()
    with zipfile.ZipFile(made[0]) as file:
        assert {one.date_time for one in file.infolist()} == {(1980, 1, 31, 0, 0, 0)}

"""A list of requests comes in as a spreadsheet: every wrong cell is named, and it is asked whole or not at all."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.models import TrailEntry
from desk.models import Notice
from evidence import sources
from evidence.models import EvidenceRequest, RequestImport
from evidence.pbc.columns import MOST_ROWS
from evidence.sources import Source
from tests.conftest import LoggedIn, LogIn
from tests.evidence.filled_lists import HEADS, Story, workbook
from tests.factories import GrantFactory, UserFactory
from tests.factories.controls import RequirementFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
ADD = "/evidence/requests/lists/add/"


@pytest.fixture
def story() -> Story:
    return Story()


def bring(browser: LoggedIn, file: SimpleUploadedFile, path: str = ADD) -> Any:
    return browser.post(path, {"file": file}, follow=True)


def problems(answer: Any) -> list[tuple[str, str]]:
    return [(one["place"], one["reason"]) for one in answer.context["problems"]]


def test_a_list_is_previewed_and_asked_as_one_change(log_in: LogIn, story: Story) -> None:
    kim = log_in(story.kim)
    requirement = RequirementFactory()
    second = {"What is asked for": "Policy", "Control or requirement": requirement.public_id, "Reference": ""}
    page = bring(kim, workbook([story.row(), story.row(**second)]))
    made = RequestImport.objects.get()
    assert title(page) == f"{made.public_id} would ask for 2"
    assert "PBC-1: List of leavers" in words(page)
    assert not EvidenceRequest.objects.exists()

    done = kim.post(f"/evidence/requests/lists/{made.public_id}/apply/", follow=True)
    assert title(done) == f"{made.public_id} asked for 2"
    first, other = EvidenceRequest.objects.order_by("pk")
    assert (first.title, first.what, first.assignee) == ("PBC-1: List of leavers", "All of June", story.ana)
    assert (first.control, first.solution, first.due_on.isoformat()) == (story.control, story.payments, story.due)
    assert first.period_from
    assert f"{first.period_from:%Y-%m-%d}" == "2026-06-01"
    assert (other.title, other.requirement, other.control) == ("Policy", requirement, None)
    assert [one.text for one in Notice.objects.filter(person=story.ana)] == ["Kim asks you for 2 pieces of evidence"]
    entry = TrailEntry.objects.get(action="request_import.applied")
    assert entry.detail["requests"] == [first.public_id, other.public_id]
    kim.post(f"/evidence/requests/lists/{made.public_id}/apply/")
    assert EvidenceRequest.objects.count() == 2


def test_every_wrong_cell_is_named_and_nothing_is_asked(log_in: LogIn, story: Story) -> None:
    stranger = UserFactory(email="dee@example.org", name="Dee", first_line=True)
    GrantFactory(person=stranger)
    rows = [
        story.row(Who_is_asked="nobody@example.org"),
        story.row(Reference="pbc-1", Due_on="soon"),
        story.row(Reference="PBC-3", Solution="Elsewhere", Control_or_requirement="CT-999999"),
        story.row(Reference="PBC-4", What_is_asked_for="", Period_until=""),
        story.row(Reference="PBC-5", Who_is_asked="dee@example.org"),
        story.row(Reference="PBC-6", Due_on="2020-01-01", Control_or_requirement="hello"),
        story.row(Reference="PBC-7", Due_on="2020-01-01"),
        story.row(Reference="PBC-8"),
    ]
    page = bring(log_in(story.kim), workbook(rows))
    assert problems(page) == [
        ("sheet Requests, row 2, column I (Who is asked)",
         "Nobody with a log-in here has the address “nobody@example.org”."),
        ("sheet Requests, row 3, column A (Reference)", "It is the reference of row 2 already."),
        ("sheet Requests, row 3, column J (Due on)", "“soon” is no date: write it as 2026-06-30."),
        ("sheet Requests, row 4, column D (Solution)",
         "There is no solution “Elsewhere”, or it is not yours to see."),
        ("sheet Requests, row 4, column E (Control or requirement)",
         "“CT-999999” is no control (CT-7) or requirement (RQ-12) that you see."),
        ("sheet Requests, row 5, column B (What is asked for)", "What is asked for: a request needs it."),
        ("sheet Requests, row 5, column G (Period until)", "Say both days of the period, or neither."),
        ("sheet Requests, row 6, column I (Who is asked)",
         "Dee has no part in this. Those who may be asked: Ana."),
        ("sheet Requests, row 7, column E (Control or requirement)",
         "“hello” is no control (CT-7) or requirement (RQ-12) that you see."),
        ("sheet Requests, row 8, column J (Due on)", "This day is over."),
    ]  # fmt: skip
    made = RequestImport.objects.get()
    log_in(story.kim).post(f"/evidence/requests/lists/{made.public_id}/apply/")
    assert not EvidenceRequest.objects.exists()
    file = log_in(story.kim).get(f"/evidence/requests/lists/{made.public_id}/problems/").content.decode("utf-8-sig")
    assert len(file.splitlines()) == 11


@pytest.mark.parametrize("text", ['=HYPERLINK("http://evil")', "'=1+1", "<script>alert(1)</script>", "a\x0bb", "＝1"])
def test_hostile_cells_are_text_and_nothing_else(log_in: LogIn, story: Story, text: str) -> None:
    csv = (
        ",".join(HEADS)
        + "\n"
        + ",".join(f'"{value.replace(chr(34), chr(34) * 2)}"' for value in story.row(What_is_asked_for=text).values())
    )
    kim = log_in(story.kim)
    page = bring(kim, SimpleUploadedFile("list.csv", csv.encode()))
    assert b"<script>alert" not in page.content
    kim.post(f"/evidence/requests/lists/{RequestImport.objects.get().public_id}/apply/")
    request = EvidenceRequest.objects.get()
    expected = {"'=1+1": "=1+1", "a\x0bb": "ab"}.get(text, text)
    assert request.title == f"PBC-1: {expected}"


def test_a_formula_in_a_workbook_is_read_as_its_text_or_not_at_all(log_in: LogIn, story: Story) -> None:
    page = bring(log_in(story.kim), workbook([story.row(Due_on="=TODAY()")]))
    assert problems(page)[0][0] == "sheet Requests, row 2, column J (Due on)"


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (SimpleUploadedFile("a.xlsx", b"PK\x03\x04 and no more"), "The workbook is damaged"),
        (SimpleUploadedFile("a.csv", b"\xff\xfe\x00"), "The file is not text."),
        (SimpleUploadedFile("a.csv", b"one,two\n1,2\n"), "There is no column “one”: take it out"),
        (SimpleUploadedFile("a.csv", b"What is asked for\nx\n"), "The column “Who is asked” is missing."),
        (SimpleUploadedFile("a.csv", ",".join(HEADS).encode()), "No row asks for anything."),
        (
            SimpleUploadedFile("a.csv", (",".join(HEADS) + "\n" + ("x" + "," * 9 + "\n") * (MOST_ROWS + 1)).encode()),
            "More than 300 rows: split the file.",
        ),
    ],
)
def test_what_is_no_list_is_refused(log_in: LogIn, story: Story, file: SimpleUploadedFile, why: str) -> None:
    file.seek(0)
    page = bring(log_in(story.kim), file)
    assert why in words(page)
    assert RequestImport.objects.get().state == "refused"


def test_a_list_that_would_ask_otherwise_than_previewed_asks_nothing(log_in: LogIn, story: Story) -> None:
    kim = log_in(story.kim)
    bring(kim, workbook([story.row()]))
    made = RequestImport.objects.get()
    story.ana.grants.all().delete()
    story.control.owner = UserFactory(first_line=True)
    story.control.save()
    page = kim.post(f"/evidence/requests/lists/{made.public_id}/apply/", follow=True)
    assert title(page) == f"{made.public_id} is refused: 1 problem"
    assert not EvidenceRequest.objects.exists()


def test_what_is_open_already_is_not_asked_again(log_in: LogIn, story: Story) -> None:
    kim = log_in(story.kim)
    bring(kim, workbook([story.row()]))
    kim.post(f"/evidence/requests/lists/{RequestImport.objects.get().public_id}/apply/")
    held = EvidenceRequest.objects.get()
    page = bring(kim, workbook([story.row()]))
    assert problems(page)[0][1] == f"You ask for it already, as {held.public_id}: take the row out."


def test_it_is_bound_to_what_its_team_asks_for(log_in: LogIn, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    def engagement(public_id: str) -> Source | None:
        found = Source("engagement", public_id, "Audit of payments", "/assurance/EN-1/", frozenset({story.kim.pk}))
        return found if public_id == "EN-1" else None

    monkeypatch.setitem(sources._found, "engagement", engagement)
    bound = f"{ADD}?source=engagement:EN-1"
    assert log_in(third_line=True).get(bound).status_code == 404
    kim = log_in(story.kim)
    assert title(kim.get(bound)) == "Bring in a list for Audit of payments"
    bring(kim, workbook([story.row()]), bound)
    kim.post(f"/evidence/requests/lists/{RequestImport.objects.get().public_id}/apply/")
    request = EvidenceRequest.objects.get()
    assert (request.source_kind, request.source_id) == ("engagement", "EN-1")


def test_the_template_offers_the_readers_solutions_and_comes_back_in(log_in: LogIn, story: Story) -> None:
    kim = log_in(story.kim)
    file = kim.get("/evidence/requests/lists/template/").content
    book = openpyxl.load_workbook(io.BytesIO(file))
    assert book.sheetnames == ["Requests", "About", "Lists"]
    sheet: Any = book["Requests"]
    assert [cell.value for cell in sheet[1]] == HEADS
    assert book["Lists"]["A2"].value == "Payments"
    sheet.append(list(story.row().values()))
    held = io.BytesIO()
    book.save(held)
    assert "would ask for 1" in title(bring(kim, SimpleUploadedFile("list.xlsx", held.getvalue())))


def test_a_list_is_dropped_and_seen_by_who_brought_it_in(log_in: LogIn, story: Story) -> None:
    kim = log_in(story.kim)
    bring(kim, workbook([story.row()]))
    made = RequestImport.objects.get()
    assert log_in(third_line=True).get(f"/evidence/requests/lists/{made.public_id}/").status_code == 404
    assert title(kim.get("/evidence/requests/lists/")) == "1 list is ready to ask"
    kim.post(f"/evidence/requests/lists/{made.public_id}/drop/")
    made.refresh_from_db()
    assert made.state == "dropped"
    assert title(kim.get(f"/evidence/requests/lists/{made.public_id}/")) == f"{made.public_id} is dropped"

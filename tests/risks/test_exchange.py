"""The register out as a spreadsheet and back in: unchanged it changes nothing, changed it is shown, then done."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable
from datetime import date
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.models import TrailEntry
from organisation.models import Grant
from risks import standing, tasks
from risks.exchange.planning import plan_of
from risks.models import Assessment, RegisterImport, Risk
from tests.conftest import LoggedIn
from tests.factories import GrantFactory, UserFactory
from tests.factories.risks import AssessmentFactory, RiskFactory

State = RegisterImport.State


@pytest.fixture
def owned(first_line: LoggedIn) -> Risk:
    """A risk of a solution that the reader owns, assessed: likely and major, so high."""
    solution = GrantFactory(person=first_line.person, kind=Grant.Kind.OWNER).solution
    risk = RiskFactory(solution=solution, owner=first_line.person, title="Keys leak", link="https://t.example.com/1")
    AssessmentFactory(risk=risk)
    standing.refresh()
    return risk


def exported(browser: Client, form: str = "csv", **asked: Any) -> bytes:
    answer = browser.get(f"/risks/exchange.{form}", asked)
    assert answer.status_code == 200
    return bytes(answer.content)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def as_file(told: Iterable[dict[str, str]]) -> bytes:
    lines = list(told)
    held = io.StringIO()
    writer = csv.DictWriter(held, list(dict.fromkeys(name for one in lines for name in one)))
    writer.writeheader()
    writer.writerows(lines)
    return held.getvalue().encode()


def uploaded(browser: Client, content: bytes, because: str = "", name: str = "risks.csv") -> RegisterImport:
    """The import that the file became, read as a worker reads it."""
    file = SimpleUploadedFile(name, content)
    answer = browser.post("/risks/import/add/", {"file": file, "because": because})
    assert answer.status_code == 302, answer.content.decode()
    found = RegisterImport.objects.latest("pk")
    tasks.read_import(found.pk)
    found.refresh_from_db()
    return found


def applied(browser: Client, content: bytes, because: str = "Yearly review") -> RegisterImport:
    found = uploaded(browser, content, because)
    assert found.state == State.READY, found.problems
    browser.post(f"/risks/import/{found.public_id}/apply/")
    tasks.apply_import(found.pk)
    found.refresh_from_db()
    assert found.state == State.APPLIED, found.problems
    return found


def taken_back(browser: Client, found: RegisterImport) -> RegisterImport:
    answer = browser.post(f"/risks/import/{found.public_id}/take-back/", {"reason": "Wrong file"})
    assert answer.status_code == 302, answer.content.decode()
    made = RegisterImport.objects.latest("pk")
    tasks.apply_import(made.pk)
    made.refresh_from_db()
    assert made.state == State.APPLIED
    return made


def problems(found: RegisterImport) -> list[tuple[str, str]]:
    assert found.state == State.REFUSED
    return [(one["place"], one["reason"]) for one in found.problems]


@pytest.mark.django_db
def test_the_register_is_exported_with_its_levels_and_versions(first_line: LoggedIn, owned: Risk) -> None:
    RiskFactory(title="Of others")
    (row,) = rows(exported(first_line))
    assert row == {
        "Id": owned.public_id,
        "Title": "Keys leak",
        "Cause": owned.cause,
        "Event": owned.event,
        "Consequence": owned.consequence,
        "Solution": owned.solution.name,
        "Category": owned.category.name,
        "Owner": first_line.person.email,
        "Next review": "",
        "Link": "https://t.example.com/1",
        "Inherent likelihood": "",
        "Inherent impact": "",
        "Current likelihood": "Likely",
        "Current impact": "Major",
        "Target likelihood": "",
        "Target impact": "",
        "Reason": "",
        "Version": f"v1-{owned.assessments.get().pk}",
    }


@pytest.mark.django_db
def test_the_reader_chooses_columns_and_risks(second_line: LoggedIn) -> None:
    RiskFactory()
    wanted = RiskFactory(review_on=date(2026, 6, 30))
    found = rows(exported(second_line, columns="title,review_on", solution=wanted.solution.public_id))
    assert found == [{"Id": wanted.public_id, "Title": wanted.title, "Next review": "2026-06-30", "Version": "v1-0"}]


@pytest.mark.django_db
def test_a_workbook_says_what_it_is_and_offers_the_words_of_the_matrix(first_line: LoggedIn, owned: Risk) -> None:
    book = openpyxl.load_workbook(io.BytesIO(exported(first_line, "xlsx")))
    assert book.sheetnames == ["Risks", "About", "Lists"]
    assert book["About"]["B1"].value == "The register of risks, to be changed and imported again"
    offered = {str(one.sqref): one.formula1 for one in book["Risks"].data_validations.dataValidation}
    assert offered["M2:M20001"] == "Lists!$E$2:$E$6"
    assert [book["Lists"][f"E{n}"].value for n in range(1, 7)] == [
        "Current likelihood", "Rare", "Unlikely", "Possible", "Likely", "Almost certain",
    ]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_comes_back_unchanged_changes_nothing(first_line: LoggedIn, owned: Risk, form: str) -> None:
    found = uploaded(first_line, exported(first_line, form))
    assert found.state == State.READY
    assert (found.preview["added"], found.preview["changed"], found.preview["unchanged"]) == ([], [], 1)
    page = first_line.get(f"/risks/import/{found.public_id}/").content.decode()
    assert "It changes nothing" in page
    assert "Apply it" not in page


AWKWARD = st.one_of(
    st.sampled_from(["=1+1", "'=x", "''+x", "'quoted'", "+1", "-", "@a", '"a",\n\'b', "_x000D_", "ax005F_b", "=", "'"]),
    st.sampled_from(["_x000D_", "ax005F_b", "1.10", "TRUE", "2026-06-30", "#N/A", "{=1}", "007"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=200),
)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(title=AWKWARD, cause=AWKWARD, event=st.text("ab\n ;,'\"=", max_size=1900), form=st.sampled_from(["csv", "xlsx"]))
def test_no_text_is_changed_by_going_out_and_in(
    second_line: LoggedIn, title: str, cause: str, event: str, form: str
) -> None:
    Risk.objects.update(closed_at=None)
    risk = RiskFactory(title=title, cause=cause, event=event, link="")
    content = exported(second_line, form, solution=risk.solution.public_id)
    plan = plan_of(content, by=second_line.person, because="")
    assert (plan.rows, plan.unchanged, plan.problems) == ([], 1, [])


@pytest.mark.django_db
def test_a_change_is_shown_field_by_field_and_then_made_as_one(first_line: LoggedIn, owned: Risk) -> None:
    (row,) = rows(exported(first_line))
    row |= {"Title": "Access keys leak", "Current likelihood": "possible", "Reason": "Rotated"}
    found = uploaded(first_line, as_file([row]))
    assert found.preview["added"] == []
    assert found.preview["changed"] == [
        {
            "row": 2,
            "id": owned.public_id,
            "title": "Keys leak",
            "what": [
                ["Title", "Keys leak", "Access keys leak", ""],
                ["Current level", "Likely, Major: High", "Possible, Major: High", ""],
            ],
        }
    ]
    page = first_line.get(f"/risks/import/{found.public_id}/").content.decode()
    assert "<del>Keys leak</del> <ins>Access keys leak</ins>" in page
    owned.refresh_from_db()
    assert owned.title == "Keys leak"
    first_line.post(f"/risks/import/{found.public_id}/apply/")
    tasks.apply_import(found.pk)
    owned.refresh_from_db()
    assert (owned.title, owned.likelihood, owned.impact) == ("Access keys leak", 2, 3)
    told = TrailEntry.objects.about("risk", owned.public_id).order_by("id")
    assert [(one.action, one.detail.get("because")) for one in told] == [
        ("risk.changed", f"{found.public_id}: Rotated"),
        ("risk.level_stated", f"{found.public_id}: Rotated"),
        ("risk.imported", None),
    ]
    assert told[2].detail["register_import"] == found.public_id
    assert uploaded(first_line, exported(first_line)).preview["unchanged"] == 1


@pytest.mark.django_db
def test_columns_that_are_absent_are_left_as_they_are(first_line: LoggedIn, owned: Risk) -> None:
    applied(first_line, as_file([{"id": owned.public_id, "link": ""}]))
    owned.refresh_from_db()
    assert (owned.link, owned.title, owned.likelihood) == ("", "Keys leak", 3)


@pytest.mark.django_db
def test_a_row_without_an_id_adds_a_risk(first_line: LoggedIn, owned: Risk) -> None:
    row = {
        "title": "Backups fail", "cause": "No plan", "event": "A disk dies", "consequence": "Data is lost",
        "solution": owned.solution.public_id.lower(), "category": owned.category.name.upper(),
        "owner": first_line.person.email.upper(), "next review": "30 Jun 2026",
        "target likelihood": "Rare", "target impact": "Minor",
    }  # fmt: skip
    found = applied(first_line, as_file([row]))
    made = Risk.objects.latest("pk")
    assert (made.title, made.solution, made.owner, made.target) == ("Backups fail", owned.solution, owned.owner, 0)
    assert made.review_on == date(2026, 6, 30)
    assert [one["risk"] for one in found.done] == [made.public_id]


@pytest.mark.django_db
def test_every_wrong_cell_is_named_with_what_would_be_right(first_line: LoggedIn, owned: Risk) -> None:
    ana = UserFactory(first_line=True, email="ana@example.com")
    UserFactory(second_line=True, email="sec@example.com", name="Somebody")
    hidden = RiskFactory(category=owned.category)
    wrong = {
        "id": owned.public_id, "title": "", "owner": "anna@example.com", "next review": "30/06/26",
        "current likelihood": "Likly", "link": "no address", "category": "Nonsense", "version": "1",
    }  # fmt: skip
    new = {"id": "", "title": "New", "owner": "sec@example.com", "target impact": "Minor"}
    content = as_file([wrong, {**wrong, "id": hidden.public_id}, wrong, new])
    found = uploaded(first_line, content)
    gone = "There is no {}, or it is not yours to see. Leave the id empty where the row adds a risk."
    assert problems(found) == [
        ("row 2, column B (Title)", "It may not be empty; it is “Keys leak” now."),
        ("row 2, column C (Owner)", f"Nobody here has the address “anna@example.com”. Is it {ana.email}?"),
        ("row 2, column D (Next review)", "“30/06/26” is no date: write it as 2026-06-30."),
        (
            "row 2, column E (Current likelihood)",
            "“Likly” is none of Rare, Unlikely, Possible, Likely, Almost certain. Is it “Likely”?",
        ),
        (
            "row 2, column F (Link)",
            "“no address” is no address: write all of it, e.g. https://tracker.example.com/T-1.",
        ),
        ("row 2, column G (Category)", f"“Nonsense” is none of {owned.category.name}."),
        ("row 3, column A (Id)", gone.format(hidden.public_id)),
        ("row 4, column A (Id)", f"{owned.public_id} is in row 2 already: keep one of them."),
        ("row 5", "Cause: a new risk needs it."),
        ("row 5", "Event: a new risk needs it."),
        ("row 5", "Consequence: a new risk needs it."),
        ("row 5", "Solution: a new risk needs it."),
        ("row 5", "Likelihood and impact together make a level, and none is taken away: state both."),
        (
            "row 5, column C (Owner)",
            "Somebody is not of the first line: risks are owned there. Choose somebody of it.",
        ),
        ("row 5, column G (Category)", "Category: a new risk needs it."),
    ]
    page = first_line.get(f"/risks/import/{found.public_id}/").content.decode()
    assert "refused: 15 problems" in page
    file = first_line.get(f"/risks/import/{found.public_id}/problems.csv").content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(file)))) == 16
    owned.refresh_from_db()
    assert owned.title == "Keys leak"


@pytest.mark.django_db
def test_a_row_that_somebody_changed_since_is_refused(first_line: LoggedIn, owned: Risk) -> None:
    (row,) = rows(exported(first_line))
    applied(first_line, as_file([{"id": owned.public_id, "title": "Theirs"}]))
    found = uploaded(first_line, as_file([{**row, "Title": "Mine"}]))
    ((place, reason),) = problems(found)
    assert place == "row 2, column R (Version)"
    assert reason.startswith(f"Changed since your export by {first_line.person.name} on ")


@pytest.mark.django_db
def test_the_second_line_proposes_levels_and_changes_no_fields_of_others(
    second_line: LoggedIn, first_line: LoggedIn, owned: Risk
) -> None:
    told = {"id": owned.public_id, "current likelihood": "Rare", "current impact": "Minor"}
    found = uploaded(second_line, as_file([{**told, "title": "Ours"}]), "Seen elsewhere")
    assert problems(found) == [
        (
            "row 2, column D (Title)",
            "The first line keeps its risks; the second line may challenge them, the third reads them.",
        )
    ]
    found = applied(second_line, as_file([told]), "Seen elsewhere")
    assert found.preview["changed"][0]["what"] == [
        ["Current level", "Likely, Major: High", "Rare, Minor: Low", first_line.person.name]
    ]
    owned.refresh_from_db()
    assert owned.likelihood == 3
    waiting = Assessment.objects.waiting().get()
    assert (waiting.risk, waiting.likelihood, waiting.proposed_by) == (owned, 0, second_line.person)
    assert uploaded(second_line, as_file([told]), "Again").preview["unchanged"] == 1
    taken_back(second_line, found)
    waiting.refresh_from_db()
    assert waiting.declined_by == second_line.person


@pytest.mark.django_db
def test_an_import_is_taken_back_but_for_what_others_did_since(first_line: LoggedIn, owned: Risk) -> None:
    new = {
        "title": "Backups fail", "cause": "No plan", "event": "A disk dies", "consequence": "Data is lost",
        "solution": owned.solution.name, "category": owned.category.name, "owner": first_line.person.email,
    }  # fmt: skip
    old = {"id": owned.public_id, "title": "Wrong", "cause": "Also wrong", "solution": owned.solution.name,
           "category": owned.category.name, "owner": first_line.person.email, "event": owned.event,
           "consequence": owned.consequence, "current likelihood": "Rare", "current impact": "Minor"}  # fmt: skip
    found = applied(first_line, as_file([old, new]))
    added = Risk.objects.latest("pk")
    applied(first_line, as_file([{"id": owned.public_id, "cause": "Better"}]))
    made = taken_back(first_line, found)
    owned.refresh_from_db()
    added.refresh_from_db()
    assert (owned.title, owned.cause, owned.likelihood, owned.impact) == ("Keys leak", "Better", 3, 3)
    assert added.closed_by == first_line.person
    assert added.closure_because == f"Taken back by {made.public_id}"
    assert added.closure_proposed_by is None
    ((place, reason),) = [(one["place"], one["reason"]) for one in made.problems]
    assert place == owned.public_id
    assert reason.startswith(f"Cause: changed since by {first_line.person.name} on ")
    assert owned.assessments.count() == 3
    page = first_line.get(f"/risks/import/{made.public_id}/").content.decode()
    assert reason in page
    again = first_line.post(f"/risks/import/{found.public_id}/take-back/", {"reason": "Again"})
    assert "only once" in again.content.decode()


@pytest.mark.django_db
def test_what_others_ask_for_is_not_theirs_to_apply_or_to_see(
    first_line: LoggedIn, second_line: LoggedIn, owned: Risk, log_in: Any
) -> None:
    found = uploaded(first_line, as_file([{"id": owned.public_id, "title": "Mine"}]))
    other = log_in(first_line=True)
    assert other.get(f"/risks/import/{found.public_id}/").status_code == 404
    second_line.post(f"/risks/import/{found.public_id}/apply/")
    found.refresh_from_db()
    assert found.state == State.READY


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"a,b\r\n1,2\r\n", "The first row names no column of the register."),
        (b"PK\x03\x04nonsense", "damaged"),
        (b"\xff\xfe\x00", "not text"),
    ],
)
def test_a_file_that_is_none_is_refused(first_line: LoggedIn, content: bytes, reason: str) -> None:
    if not content:
        file = SimpleUploadedFile("risks.csv", content)
        assert first_line.post("/risks/import/add/", {"file": file}).status_code == 422
        return
    found = uploaded(first_line, content)
    assert reason in found.problems[0]["reason"]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_a_dry_run_costs_the_same_for_any_number_of_rows(
    first_line: LoggedIn, owned: Risk, count: int, django_assert_num_queries: Any
) -> None:
    like = {"solution": owned.solution, "category": owned.category, "owner": owned.owner}
    told = [{"id": RiskFactory(**like).public_id, "title": "Other", "current likelihood": "Rare",
             "current impact": "Minor"} for _n in range(count)]  # fmt: skip
    content = as_file(told)
    with django_assert_num_queries(17):
        assert len(plan_of(content, by=first_line.person, because="x").rows) == count


@pytest.mark.django_db
def test_a_workbook_with_macros_is_refused(first_line: LoggedIn, owned: Risk) -> None:
    held = io.BytesIO(exported(first_line, "xlsx"))
    with zipfile.ZipFile(held, "a") as book:
        book.writestr("xl/vbaProject.bin", b"")
    found = uploaded(first_line, held.getvalue(), name="risks.xlsx")
    assert problems(found) == [("", "The workbook has macros: save it as an .xlsx without them.")]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_imports_costs_the_same_for_any_number(
    first_line: LoggedIn, owned: Risk, count: int, django_assert_num_queries: Any
) -> None:
    for _n in range(count):
        uploaded(first_line, as_file([{"id": owned.public_id, "title": "Mine"}]))
    with django_assert_num_queries(9):
        assert first_line.get("/risks/import/").status_code == 200

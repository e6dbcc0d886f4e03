"""What people state of requirements: ISO's Statement of Applicability, PCI's statuses, "not applicable"."""

from __future__ import annotations

import csv
import io
from typing import Any

import openpyxl
import pytest

from audit.models import TrailEntry
from controls.models import Applicability, Edition, Implementation
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories.controls import EditionFactory, FrameworkVersionFactory, SectionFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db


def iso(*keys: str) -> list[Edition]:
    version = FrameworkVersionFactory(framework__key="iso-27001", framework__name="ISO/IEC 27001:2022", label="2022")
    annex = SectionFactory(version=version, path="A/A.5", label="A.5")
    clause = SectionFactory(version=version, path="clauses/4", label="4")
    EditionFactory(version=version, section=clause, key="4.1")
    return [EditionFactory(version=version, section=annex, key=key) for key in keys]


def pci(*keys: str) -> list[Edition]:
    version = FrameworkVersionFactory(framework__key="pci-dss", framework__name="PCI DSS", label="4.0.1")
    return [EditionFactory(version=version, key=key) for key in keys]


def page(edition: Edition, query: str = "") -> str:
    return f"/frameworks/{edition.version.framework.public_id}/statements/{query}"


def file(edition: Edition, form: str, query: str = "") -> str:
    return f"/frameworks/{edition.version.framework.public_id}/statements.{form}{query}"


def say(browser: LoggedIn, decision: str, *editions: Edition, because: str = "The forum decided so") -> Any:
    posted = {"action": decision, "pick": [one.public_id for one in editions], "because": because}
    return browser.post(page(editions[0]), posted, follow=True)


def told(browser: LoggedIn, edition: Edition, query: str = "") -> list[tuple[str, str, str]]:
    """Label, state and justification of each row."""
    rows = browser.get(page(edition, query)).context["rows"]
    return [(row.edition.label, row.word, row.statement.because if row.statement else "") for row in rows]


def test_the_statement_of_applicability_is_about_annex_a(second_line: LoggedIn) -> None:
    first, second, third = iso("A.5.1", "A.5.2", "A.5.3")
    assert title(second_line.get(page(first))) == "Statement of Applicability: 3 of 3 are not stated"
    answer = say(second_line, "implemented", first, second, because="Policy P-1")
    assert "Stated of 2 requirements." in words(answer)
    say(second_line, "not_applicable", third, because="No such work")
    assert told(second_line, first) == [
        ("A.5.1", "Implemented", "Policy P-1"),
        ("A.5.2", "Implemented", "Policy P-1"),
        ("A.5.3", "Not applicable", "No such work"),
    ]
    answer = second_line.get(page(first))
    assert title(answer) == "Statement of Applicability: all 3 are stated"
    assert {one["state"]: one["n"] for one in answer.context["counts"] if one["n"]} == {
        "implemented": 2,
        "not_applicable": 1,
    }
    assert [row[0] for row in told(second_line, first, "?state=implemented")] == ["A.5.1", "A.5.2"]
    assert [row[0] for row in told(second_line, first, "?q=A.5.3")] == ["A.5.3"]


def test_pci_is_answered_in_its_own_words(second_line: LoggedIn) -> None:
    (one,) = pci("1.1.1")
    offered = [choice["label"] for choice in second_line.get(page(one)).context["decisions"]]
    assert offered == ["In place", "In place with CCW", "Not tested", "Not in place", "Not applicable"]
    say(second_line, "in_place_ccw", one)
    assert told(second_line, one) == [("1.1.1", "In place with CCW", "The forum decided so")]
    assert say(second_line, "implemented", one).status_code == 422


def test_another_framework_says_only_whether_a_requirement_applies(second_line: LoggedIn) -> None:
    one = EditionFactory(key="AC-1")
    say(second_line, "not_applicable", one)
    assert told(second_line, one) == [("AC-1", "Not applicable", "The forum decided so")]
    assert say(second_line, "implemented", one).status_code == 422
    say(second_line, "applicable", one, because="It does now")
    assert told(second_line, one) == [("AC-1", "Applicable", "It does now")]


def test_a_status_says_that_a_requirement_applies_again_and_what_was_said_stays(second_line: LoggedIn) -> None:
    (one,) = iso("A.5.1")
    with at("2026-03-01"):
        say(second_line, "not_applicable", one, because="Nothing of it here")
    with at("2026-03-10"):
        say(second_line, "planned", one, because="A first one is bought")
        assert told(second_line, one) == [("A.5.1", "Planned", "A first one is bought")]
        assert told(second_line, one, "?as_of=2026-03-05") == [("A.5.1", "Not applicable", "Nothing of it here")]
        assert told(second_line, one, "?as_of=2026-02-20") == [("A.5.1", "Not stated", "")]
    kept = [(one.applicable, one.replaced_at is None) for one in Applicability.objects.order_by("pk")]
    assert kept == [(False, False), (True, True)]
    entries = TrailEntry.objects.filter(action__endswith=".stated").order_by("id")
    assert [(one.action, one.detail["because"]) for one in entries] == [
        ("applicability.stated", "Nothing of it here"),
        ("applicability.stated", "A first one is bought"),
        ("implementation.stated", "A first one is bought"),
    ]


def test_only_one_statement_of_a_kind_is_open(second_line: LoggedIn) -> None:
    (one,) = iso("A.5.1")
    for decision in ("planned", "partly", "implemented"):
        say(second_line, decision, one)
    assert Implementation.objects.count() == 3
    assert Implementation.objects.get(replaced_at=None).status == "implemented"


@pytest.mark.parametrize("line", ["first_line", "third_line", "external"])
def test_the_other_lines_read_and_do_not_state(log_in: LogIn, line: str) -> None:
    (one,) = iso("A.5.1")
    browser = log_in(**{line: True})
    assert 'name="pick"' not in browser.get(page(one)).content.decode()
    assert say(browser, "implemented", one).status_code == 403
    assert told(browser, one) == [("A.5.1", "Not stated", "")]


@pytest.mark.parametrize("missing", ["because", "pick", "action"])
def test_a_statement_without_rows_or_reason_is_refused(second_line: LoggedIn, missing: str) -> None:
    (one,) = iso("A.5.1")
    posted = {"action": "planned", "pick": [one.public_id], "because": "Agreed"}
    del posted[missing]
    assert second_line.post(page(one), posted).status_code == 422
    assert not Implementation.objects.exists()


def test_a_requirement_of_another_framework_is_left_as_it_is(second_line: LoggedIn) -> None:
    (one,) = iso("A.5.1")
    foreign = EditionFactory(key="AC-1")
    say(second_line, "planned", one, foreign)
    assert [row.requirement for row in Implementation.objects.all()] == [one.requirement]


def test_the_file_has_what_the_page_has(second_line: LoggedIn) -> None:
    first, second = iso("A.5.1", "A.5.2")
    with at("2026-03-01"):
        say(second_line, "implemented", first, because="=HYPERLINK(1)")
    name = second_line.person.name
    wanted = [
        ["A.5.1", first.title, "yes", "Implemented", "=HYPERLINK(1)", name, "2026-03-01T12:00:00+00:00"],
        ["A.5.2", second.title, "", "Not stated", "", "", ""],
    ]
    text = second_line.get(file(first, "csv")).content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["Id", "Title", "Applies", "State", "Justification", "Stated by", "Stated on"]
    assert rows[1:] == [[f"'{cell}" if cell.startswith("=") else cell for cell in row] for row in wanted]
    book = openpyxl.load_workbook(io.BytesIO(second_line.get(file(first, "xlsx")).content))
    assert [[cell.value or "" for cell in row] for row in book["Rows"].iter_rows(min_row=2)] == wanted
    assert book["About"]["B1"].value == "ISO/IEC 27001:2022 2022: Statement of Applicability"
    narrowed = second_line.get(file(first, "csv", "?state=implemented")).content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(narrowed)))) == 2
    assert second_line.get(file(first, "pdf")).status_code == 400


@pytest.mark.parametrize("query", ["?state=perhaps"])
def test_a_value_that_is_not_known_is_refused(second_line: LoggedIn, query: str) -> None:
    (one,) = iso("A.5.1")
    assert second_line.get(page(one, query)).status_code == 400
    assert second_line.get(file(one, "csv", query)).status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_requirements(
    second_line: LoggedIn, count: int, django_assert_max_num_queries: Any
) -> None:
    editions = iso(*(f"A.5.{n}" for n in range(count)))
    say(second_line, "implemented", *editions)
    second_line.get(page(editions[0]))
    with django_assert_max_num_queries(13):
        assert second_line.get(page(editions[0])).status_code == 200
    with django_assert_max_num_queries(9):
        assert second_line.get(file(editions[0], "csv")).status_code == 200

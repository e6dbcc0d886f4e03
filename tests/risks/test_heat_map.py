"""The heat map: every number is a door, at any moment."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from openpyxl import load_workbook

from organisation.models import Solution
from risks import matrices, standing
from risks.models import Matrix
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory, UserFactory
from tests.factories.risks import AppetiteFactory, AssessmentFactory, CategoryFactory, MatrixFactory, RiskFactory
from tests.findings_pages.reading_pages import title, words
from tests.risks.test_matrix import APPROVED, THREE

pytestmark = pytest.mark.django_db
PAGE = "/risks/heat-map/"


def assessed(likelihood: int, impact: int, kind: str = "current", **more: Any) -> Any:
    risk = more.pop("risk", None) or RiskFactory(**more)
    AssessmentFactory(risk=risk, likelihood=likelihood, impact=impact, kind=kind)
    standing.refresh([risk.pk])
    return risk


def numbers(answer: Any) -> dict[str, int]:
    """In words → the risks of each cell with one."""
    rows = answer.context["drawn"]["rows"]
    return {cell["words"]: cell["count"] for row in rows for cell in row["cells"] if cell["count"]}


def test_each_cell_counts_its_open_risks_and_is_a_door_to_them(second_line: LoggedIn) -> None:
    AppetiteFactory(appetite=1, tolerance=2)
    for _n in range(2):
        assessed(3, 2)
    assessed(4, 4)
    RiskFactory()
    page = second_line.get(PAGE)
    assert title(page) == "4 open risks, 1 above tolerance, 2 above appetite"
    assert numbers(page) == {"Likely, Moderate: High": 2, "Almost certain, Severe: Critical": 1}
    html = page.content.decode().replace("&amp;", "&")
    assert 'href="/risks/?likelihood=3&impact=2"' in html
    assert 'aria-label="Likely, Moderate: High, 2 risks"' in html
    assert 'href="/risks/?standing=not_assessed"' in html
    assert 'href="/risks/?standing=above_tolerance"' in html
    assert page.context["drawn"]["rows"][0]["label"] == "Almost certain"


def test_without_a_matrix_it_says_what_is_missing(second_line: LoggedIn, third_line: LoggedIn) -> None:
    assert 'href="/risks/matrix/adopt/"' in second_line.get(PAGE).content.decode()
    assert "The second line adopts it" in words(third_line.get(PAGE))


def test_it_is_narrowed_by_the_address(second_line: LoggedIn) -> None:
    MatrixFactory()
    payments, privacy = SolutionFactory(), CategoryFactory()
    owner = UserFactory(first_line=True)
    assessed(0, 0, solution=payments)
    assessed(1, 1, category=privacy)
    assessed(2, 2, owner=owner)
    asked = {
        f"solution={payments.public_id}": "Rare, Insignificant: Low",
        f"category={privacy.public_id}": "Unlikely, Minor: Low",
        f"owner={owner.public_id}": "Possible, Moderate: Medium",
    }
    for query, words_of in asked.items():
        page = second_line.get(f"{PAGE}?{query}")
        assert numbers(page) == {words_of: 1}
        assert f"/risks/?{query}&likelihood=" in page.content.decode().replace("&amp;", "&")
    assert len(numbers(second_line.get(f"{PAGE}?standing=no_appetite"))) == 3
    assert second_line.get(f"{PAGE}?standing=good").status_code == 400
    assert second_line.get(f"{PAGE}?category=RC-999999").status_code == 400


def test_another_kind_of_level_is_listed_on_the_page_itself(second_line: LoggedIn) -> None:
    MatrixFactory()
    risk = assessed(1, 1)
    assessed(4, 4, kind="inherent", risk=risk)
    RiskFactory()
    page = second_line.get(f"{PAGE}?by=inherent")
    assert numbers(page) == {"Almost certain, Severe: Critical": 1}
    assert page.context["heat"].not_assessed == 1
    cell = second_line.get(f"{PAGE}?by=inherent&likelihood=4&impact=4")
    assert [one.public_id for one in cell.context["of_cell"]] == [risk.public_id]
    assert second_line.get(f"{PAGE}?by=target").context["heat"].not_assessed == 2
    assert second_line.get(f"{PAGE}?likelihood=5&impact=5").status_code == 404


def test_what_was_assessed_on_another_matrix_stands_beside_it(second_line: LoggedIn) -> None:
    old = MatrixFactory()
    assessed(3, 3)
    matrices.adopt(THREE, because="x", by="test", read=old, **APPROVED)
    page = second_line.get(PAGE)
    assert numbers(page) == {}
    assert page.context["heat"].elsewhere == {1: 1}
    assert "Assessed on another matrix 1" in words(page)
    assert 'href="/risks/?likelihood=none"' in page.content.decode()


def test_a_past_map_is_drawn_on_the_matrix_and_appetite_then_in_force(second_line: LoggedIn) -> None:
    with at("2026-03-01"):
        MatrixFactory()
        AppetiteFactory(appetite=0, tolerance=0)
        risk = RiskFactory()
        AssessmentFactory(risk=risk, likelihood=4, impact=4)
        standing.refresh()
    with at("2026-03-05"):
        read = Matrix.objects.get()
        matrices.adopt(THREE, because="x", by="test", read=read, **APPROVED)
        then = second_line.get(f"{PAGE}?as_of=2026-03-02")
        assert numbers(then) == {"Almost certain, Severe: Critical": 1}
        assert title(then) == "1 open risk, 1 above tolerance"
        assert "/risks/?as_of=2026-03-02&likelihood=4&impact=4" in then.content.decode().replace("&amp;", "&")
        assert numbers(second_line.get(PAGE)) == {}
        assert title(second_line.get(f"{PAGE}?as_of=2019-01-01")) == "No open risk"


def test_the_first_line_counts_what_it_may_see(log_in: LogIn) -> None:
    MatrixFactory()
    mine: Solution = SolutionFactory()
    browser = log_in(first_line=True, owns=[mine])
    assessed(3, 3, solution=mine)
    assessed(2, 2, owner=browser.person)
    assessed(4, 4)
    assert sum(numbers(browser.get(PAGE)).values()) == 2
    theirs = SolutionFactory()
    assert browser.get(f"{PAGE}?solution={theirs.public_id}").status_code == 404


def test_files_and_the_api_say_the_same(second_line: LoggedIn) -> None:
    MatrixFactory()
    assessed(3, 2)
    RiskFactory()
    sent = second_line.get("/risks/heat-map.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(sent)))
    assert len(rows) == 26
    assert [row["Risks"] for row in rows if row["Likelihood"] == "Likely" and row["Impact"] == "Moderate"] == ["1"]
    assert [row["Risks"] for row in rows if row["Likelihood"] == "not assessed"] == ["1"]
    book = load_workbook(io.BytesIO(second_line.get("/risks/heat-map.xlsx").content))
    assert book["Rows"].max_row == 27
    assert second_line.get("/risks/heat-map.pdf").status_code == 404
    told = second_line.get("/api/v1/risks/heat-map/").json()
    assert {"likelihood": 3, "impact": 2, "level": 2, "risks": 1} in told["cells"]
    assert (len(told["cells"]), told["not_assessed"], told["by"]) == (25, 1, "current")
    assert told["standings"]["no_appetite"] == 1


@pytest.mark.parametrize(("query", "queries"), [("", 9), ("?by=inherent", 12), ("?as_of=2026-01-01", 12)])
@pytest.mark.parametrize("count", [1, 3])
def test_the_map_costs_the_same_for_any_number_of_risks(
    second_line: LoggedIn, count: int, query: str, queries: int, django_assert_num_queries: Any
) -> None:
    MatrixFactory()
    for _n in range(count):
        assessed(3, 3)
    with django_assert_num_queries(queries):
        second_line.get(f"{PAGE}{query}")

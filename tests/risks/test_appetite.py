"""Appetite and tolerance: recorded with the governing body's approval, the most specific one counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from audit import clock
from audit.models import TrailEntry
from desk.models import Notice
from organisation.models import NotAllowed, Solution
from risks import appetites, standing
from risks.models import Appetite, Category, Risk
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory, UserFactory
from tests.factories.risks import AppetiteFactory, AssessmentFactory, CategoryFactory, MatrixFactory, RiskFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
PAGE = "/risks/appetite/"
RECORD = "/risks/appetite/record/"
APPROVED: dict[str, Any] = {"approved_by": "Board", "approved_on": date(2020, 1, 1)}


def said(**more: Any) -> dict[str, Any]:
    told = {"because": "Agreed", "approved_by": "Board", "approved_on": "2020-01-01", "reference": "B-7"}
    return {"appetite": 0, "tolerance": 1, **told, **more}


def recorded(
    appetite: int, tolerance: int, solution: Solution | None = None, category: Category | None = None, **more: Any
) -> Appetite:
    told = {"solution": solution, "category": category, "appetite": appetite, "tolerance": tolerance, **more}
    return appetites.record(because="Agreed", by="test", **APPROVED, **told)


def assessed(level: int = 2, **more: Any) -> Risk:
    """A risk with a confirmed current level: 0 to 3 on the ordinary matrix."""
    place = {0: 0, 1: 2, 2: 3, 3: 4}[level]
    risk = RiskFactory(**more)
    AssessmentFactory(risk=risk, likelihood=place, impact=place)
    standing.refresh([risk.pk])
    risk.refresh_from_db()
    return risk


def stands(risk: Risk) -> str:
    risk.refresh_from_db()
    return risk.standing


def test_the_most_specific_one_counts() -> None:
    MatrixFactory()
    payments, privacy = SolutionFactory(), CategoryFactory()
    both = assessed(2, solution=payments, category=privacy)
    solution, category, neither = assessed(2, solution=payments), assessed(2, category=privacy), assessed(2)
    everyone = (both, solution, category, neither)
    assert [stands(one) for one in everyone] == ["no_appetite"] * 4
    recorded(0, 1)
    assert [stands(one) for one in everyone] == ["above_tolerance"] * 4
    recorded(1, 2, category=privacy)
    assert [stands(one) for one in everyone] == [
        "above_appetite",
        "above_tolerance",
        "above_appetite",
        "above_tolerance",
    ]
    recorded(2, 3, solution=payments)
    assert [stands(one) for one in everyone] == ["within", "within", "above_appetite", "above_tolerance"]
    recorded(0, 0, solution=payments, category=privacy)
    assert [stands(one) for one in everyone] == ["above_tolerance", "within", "above_appetite", "above_tolerance"]


def test_it_is_recorded_after_a_look_at_what_would_change(second_line: LoggedIn) -> None:
    MatrixFactory()
    for _n in range(3):
        assessed(3)
    assessed(0)
    preview = second_line.post(RECORD, said(act="preview"))
    assert "3 more risks would be above tolerance." in words(preview)
    assert not Appetite.objects.exists()
    done = second_line.post(RECORD, said(act="record", seen=preview.context["seen"]), follow=True)
    assert title(done) == "3 risks are above tolerance, 0 above appetite"
    made = Appetite.objects.get()
    assert (made.appetite, made.tolerance, made.recorded_by, made.approved_by) == (0, 1, second_line.person, "Board")
    entry = TrailEntry.objects.get(action="appetite.recorded")
    assert (entry.detail["appetite"], entry.detail["tolerance"]) == ("Low", "Medium")


def test_an_appetite_above_its_tolerance_is_refused(second_line: LoggedIn) -> None:
    MatrixFactory()
    answer = second_line.post(RECORD, said(appetite=2, tolerance=1))
    assert answer.status_code == 422
    assert "The appetite cannot be above the tolerance: what is wanted is borne as well." in words(answer)
    with pytest.raises(NotAllowed):
        recorded(2, 1)


def test_an_approval_that_is_still_to_come_is_refused(second_line: LoggedIn) -> None:
    MatrixFactory()
    tomorrow = clock.now().date() + timedelta(days=1)
    answer = second_line.post(RECORD, said(approved_on=tomorrow.isoformat()))
    assert "This day is still to come: record it once it is approved." in words(answer)


def test_nothing_is_recorded_without_a_matrix(second_line: LoggedIn) -> None:
    assert title(second_line.get(RECORD, follow=True)) == "No matrix is adopted yet"
    with pytest.raises(NotAllowed):
        recorded(0, 1)


def test_another_one_replaces_it_and_the_earlier_one_stays_to_be_read(second_line: LoggedIn) -> None:
    first = AppetiteFactory(appetite=0, tolerance=0)
    risk = assessed(1)
    assert stands(risk) == "above_tolerance"
    url = f"{PAGE}{first.public_id}/replace/"
    preview = second_line.post(url, said(appetite=1, tolerance=2, act="preview"))
    assert "1 risk fewer would be above tolerance." in words(preview)
    second_line.post(url, said(appetite=1, tolerance=2, act="record", seen=preview.context["seen"]))
    first.refresh_from_db()
    made = Appetite.objects.in_force(clock.now()).get()
    assert (first.valid_to, first.ended_because) == (made.valid_from, f"Replaced by {made.public_id}")
    assert stands(risk) == "within"
    assert f"Replaced by {made.public_id}" in words(second_line.get(PAGE))
    assert second_line.get(url).status_code == 404


def test_ending_it_lets_the_next_one_count(second_line: LoggedIn) -> None:
    risk = assessed(1)
    AppetiteFactory(appetite=0, tolerance=0)
    held = recorded(1, 2, solution=risk.solution)
    assert stands(risk) == "within"
    url = f"{PAGE}{held.public_id}/end/"
    assert "1 more risk would be above tolerance." in words(second_line.get(url))
    second_line.post(url, {"reason": "The exception is over"})
    assert stands(risk) == "above_tolerance"
    with pytest.raises(NotAllowed) as no:
        appetites.end(held, because="x", by="test")
    assert str(no.value) == "It has ended already."


def test_its_last_day_ends_it_by_itself() -> None:
    with at("2026-03-01"):
        AppetiteFactory(appetite=0, tolerance=0)
        risk = assessed(1)
        recorded(3, 3, category=risk.category, until=clock.now() + timedelta(days=7))
        assert stands(risk) == "within"
    with at("2026-03-07"):
        assert standing.follow_dates() == 0
    with at("2026-03-09"):
        assert standing.follow_dates() == 1
        assert stands(risk) == "above_tolerance"
        assert standing.follow_dates() == 0
        assert Notice.objects.get(person=risk.owner, at__gte=clock.now()).text.endswith("is above tolerance")


def test_a_breach_is_told_at_once_and_once() -> None:
    second = UserFactory(second_line=True)
    MatrixFactory()
    risk = assessed(3)
    recorded(1, 2)
    told = Notice.objects.filter(kind="breach")
    assert {one.person for one in told} == {risk.owner, second}
    assert {one.text for one in told} == {f"{risk.public_id}, “{risk.title}”, is above tolerance"}
    assert {one.url for one in told} == {f"/risks/{risk.public_id}/"}
    standing.refresh()
    recorded(0, 2)
    assert told.count() == 2


def test_many_breaches_of_one_act_are_one_notice_that_counts_them() -> None:
    second, owner = UserFactory(second_line=True), UserFactory(first_line=True)
    MatrixFactory()
    for _n in range(6):
        assessed(3, owner=owner)
    recorded(1, 2)
    assert Notice.objects.get(person=second).text == "6 risks went above tolerance"
    assert Notice.objects.get(person=owner).url == f"/risks/?standing=above_tolerance&owner={owner.public_id}"


def test_a_closed_risk_breaches_nothing() -> None:
    MatrixFactory()
    now = clock.now()
    closed = RiskFactory(closed_at=now, closed_by=UserFactory(), closure_proposed_at=now, closure_because="Gone")
    AssessmentFactory(risk=closed, likelihood=4, impact=4)
    recorded(0, 0)
    assert stands(closed) == "above_tolerance"
    assert not Notice.objects.exists()


def test_the_page_counts_each_standing_and_leads_to_the_register(second_line: LoggedIn) -> None:
    MatrixFactory()
    privacy = CategoryFactory(name="Privacy")
    recorded(1, 2)
    held = recorded(0, 1, category=privacy)
    assessed(3, category=privacy)
    assessed(1, category=privacy)
    assessed(0)
    page = second_line.get(PAGE)
    assert title(page) == "1 risk is above tolerance, 1 above appetite"
    rows = {one["row"].public_id: one for one in page.context["rows"]}
    assert {one["label"]: one["count"] for one in rows[held.public_id]["standings"]} == {
        "Within appetite": 0,
        "Above appetite": 1,
        "Above tolerance": 1,
    }
    doors = page.content.decode().replace("&amp;", "&")
    assert f'href="/risks/?standing=above_tolerance&category={privacy.public_id}"' in doors
    assert 'href="/risks/?standing=above_tolerance"' in doors
    assert "for 1 of 3" in words(page)


def test_the_past_shows_what_was_in_force_then(second_line: LoggedIn) -> None:
    with at("2026-03-01"):
        MatrixFactory()
        first = recorded(0, 0)
        assessed(1)
    with at("2026-03-05"):
        recorded(3, 3)
        assert title(second_line.get(PAGE)) == "No risk is above appetite"
        then = second_line.get(f"{PAGE}?as_of=2026-03-02")
    assert title(then) == "1 risk is above tolerance, 0 above appetite"
    assert [one["row"] for one in then.context["rows"]] == [first]
    assert RECORD not in then.content.decode()


def test_the_first_line_reads_of_its_own_solutions_only(log_in: LogIn) -> None:
    mine = SolutionFactory(name="Payments")
    browser = log_in(first_line=True, owns=[mine])
    MatrixFactory()
    recorded(1, 2)
    recorded(0, 0, solution=mine)
    recorded(0, 0, solution=SolutionFactory(name="Secret plans"))
    said = words(browser.get(PAGE))
    assert "Payments" in said
    assert "Secret plans" not in said
    assert browser.post(RECORD, {}).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_any_number(
    second_line: LoggedIn, count: int, django_assert_num_queries: Any
) -> None:
    MatrixFactory()
    for _n in range(count):
        risk = assessed(2)
        recorded(0, 1, solution=risk.solution, category=risk.category)
    with django_assert_num_queries(9):
        second_line.get(PAGE)

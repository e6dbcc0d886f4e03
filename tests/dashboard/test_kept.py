from __future__ import annotations

from typing import Any

import pytest

from organisation.models import Grant, Solution
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import AccountFactory, GrantFactory, SolutionFactory, UserFactory
from tests.factories.findings import CheckFactory, FindingFactory
from tests.findings_pages.reading_pages import counted, title, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def payments() -> Solution:
    return SolutionFactory(name="Payments", accounts=[AccountFactory(account_id="111122223333")])


def fails_once_more(solution: Solution) -> None:
    FindingFactory(check_ran=CheckFactory(), solutions=[solution])
    counted()


def test_a_home_in_which_nothing_changed_is_not_counted_again(
    second_line: LoggedIn, payments: Solution, django_assert_num_queries: Any
) -> None:
    fails_once_more(payments)
    with at("2026-03-31"):
        before = second_line.get("/")
        with django_assert_num_queries(6):
            assert words(second_line.get("/")) == words(before)


def test_a_home_shows_what_was_read_since_it_was_last_opened(log_in: LogIn, payments: Solution) -> None:
    owner = log_in(GrantFactory(person=UserFactory(first_line=True), solution=payments).person)
    with at("2026-03-31"):
        for number in (1, 2, 3):
            fails_once_more(payments)
            assert title(owner.get("/")).startswith(f"Payments: {number} check")


def test_a_home_follows_a_right_that_ends(log_in: LogIn, payments: Solution) -> None:
    with at("2026-03-31"):
        grant: Grant = GrantFactory(person=UserFactory(first_line=True), solution=payments)
        owner = log_in(grant.person)
        fails_once_more(payments)
        assert title(owner.get("/")).startswith("Payments: 1 check")
        grant.end(reason="Moved on", by="test")
        assert title(owner.get("/")) == "No solution is open to you yet"


def test_a_home_follows_a_name_that_changes(second_line: LoggedIn, payments: Solution) -> None:
    fails_once_more(payments)
    with at("2026-03-31"):
        assert "Payments" in words(second_line.get("/"))
        payments.change(name="Card payments", description="", read=payments.version, by="test")
        assert "Card payments" in words(second_line.get("/"))


def test_each_person_is_shown_their_own_home(log_in: LogIn, payments: Solution) -> None:
    ledger = SolutionFactory(name="Ledger")
    owners = [
        log_in(GrantFactory(person=UserFactory(first_line=True), solution=solution).person)
        for solution in (payments, ledger)
    ]
    with at("2026-03-31"):
        for solution in (payments, ledger):
            fails_once_more(solution)
        assert [title(owner.get("/")).split(":")[0] for owner in owners] == ["Payments", "Ledger"]


def test_without_redis_a_home_is_counted_every_time(second_line: LoggedIn, payments: Solution, settings: Any) -> None:
    fails_once_more(payments)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}
    assert "Payments" in words(second_line.get("/"))

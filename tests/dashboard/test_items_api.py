"""My items for programs."""

from __future__ import annotations

from typing import Any

import pytest

from findings.models import Severity
from organisation.models import Solution
from tests.conftest import Program
from tests.dashboard.reading_homes import noon
from tests.dashboard.test_my_items import a_group, key_of
from tests.factories import AccountFactory, SolutionFactory, UserFactory

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/items/"


@pytest.fixture
def payments() -> Solution:
    return SolutionFactory(name="Payments", accounts=[AccountFactory(account_id="111122223333")])


@pytest.fixture
def program(payments: Solution) -> Program:
    return Program(UserFactory(first_line=True, owns=[payments]))


def test_what_awaits_me_is_listed_as_on_the_page(program: Program, payments: Solution) -> None:
    a_group(payments, "EC2.8", severity=Severity.CRITICAL, since=noon("2026-03-30"))
    check = a_group(payments, "S3.8", failed=2, severity=Severity.MEDIUM, since=noon("2026-01-01"))
    first = program.get(f"{ITEMS}?size=1").json()
    second = program.get(first["next"]).json()
    told = [*first["results"], *second["results"]]
    assert second["next"] is None
    assert {one["key"].split("-1111")[0] for one in told} >= {check.public_id}
    (one,) = [one for one in told if one["key"] == key_of(check, payments)]
    assert (one["kind"], one["turn"], one["weight"], one["note"]) == ("findings", "you", 3, "2 resources fail")
    assert one["solution"] == {"id": payments.public_id, "name": "Payments"}
    assert one["url"] == f"http://testserver/findings/checks/{check.public_id}/"


def test_the_list_is_narrowed_as_the_page_is(program: Program, payments: Solution) -> None:
    a_group(payments, "S3.8")
    for query, n in (
        ("turn=others", 0),
        ("kind=risk", 0),
        ("kind=findings", 1),
        (f"solution={payments.public_id}", 1),
    ):
        assert len(program.get(f"{ITEMS}?{query}").json()["results"]) == n, query
    for query, status in (("turn=mine", 400), ("kind=x", 400), (f"solution={SolutionFactory().public_id}", 404)):
        answer = program.get(f"{ITEMS}?{query}")
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), query


def test_nobody_sees_what_awaits_others(payments: Solution) -> None:
    a_group(payments, "S3.8")
    assert Program(UserFactory(first_line=True)).get(ITEMS).json() == {"results": [], "next": None}
    assert Program(UserFactory(third_line=True)).get(ITEMS).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_items(
    program: Program, payments: Solution, count: int, django_assert_num_queries: Any
) -> None:
    for n in range(count):
        a_group(payments, f"S3.{n}")
    program.get("/api/v1/me/")
    with django_assert_num_queries(29):
        assert len(program.get(ITEMS).json()["results"]) == count

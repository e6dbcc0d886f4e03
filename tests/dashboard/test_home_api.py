"""What the homes count, through the API."""

from __future__ import annotations

from typing import Any

import pytest

from findings.models import Severity, Status
from organisation.models import Solution
from risks import standing
from tests.conftest import LoggedIn, LogIn
from tests.dashboard.test_my_items import a_group, owner, payments
from tests.factories.findings import FindingFactory
from tests.factories.risks import RiskFactory
from tests.findings_pages.reading_pages import counted

__all__ = ["owner", "payments"]
pytestmark = pytest.mark.django_db
HOME = "/api/v1/home/"


def test_the_first_line_s_home(owner: LoggedIn, payments: Solution) -> None:
    a_group(payments, "S3.8", failed=2, severity=Severity.CRITICAL)
    FindingFactory(solutions=[payments], status=Status.PASS)
    FindingFactory(status=Status.FAIL)
    counted()
    RiskFactory(solution=payments)
    standing.refresh()
    told = owner.get(HOME).json()
    assert (told["line"], told["failing"]["checks"], told["risks"]) == ("first", 1, {"not_assessed": 1})
    results = told["results"]
    assert (results["failed"], results["passed"], results["per_cent_passed"]) == (2, 1, 33)
    assert results["failed_by_severity"]["critical"] == 2
    assert [told[name] for name in ("changes", "solutions", "checks", "to_set_up")] == [None] * 4
    assert owner.get(f"{HOME}?line=second").status_code == 403
    assert owner.get(f"{HOME}?solution=S-999999").status_code == 404


def test_the_second_line_s_home(second_line: LoggedIn, payments: Solution) -> None:
    a_group(payments, "S3.8", failed=2)
    told = second_line.get(HOME).json()
    (row,) = told["solutions"]
    assert (row["solution"]["name"], row["results"]["failed"]) == ("Payments", 2)
    assert [(one["account"], one["results"]["failed"]) for one in told["accounts"]] == [("111122223333", 2)]
    since = second_line.get(f"{HOME}?since=2019-01-01").json()["changes"]
    assert (since["since"], since["worse"], since["better"], since["gone"]) == ("2019-01-01T00:00:00Z", 2, 0, 0)
    assert second_line.get(f"{HOME}?since=x").status_code == 400


def test_the_other_homes(third_line: LoggedIn, log_in: LogIn, payments: Solution) -> None:
    a_group(payments, "S3.8")
    told = third_line.get(HOME).json()
    assert (told["checks"], told["results"]["failed"]) == ({"failing": 1}, 1)
    administrator = log_in(administrator=True).get(HOME).json()
    assert (administrator["results"], administrator["people_without_role"]) == (None, 0)
    assert "Test 1 connection" in [one["words"] for one in administrator["to_set_up"]]


@pytest.mark.parametrize("count", [1, 3])
def test_a_home_costs_the_same_for_any_number(
    second_line: LoggedIn, payments: Solution, count: int, django_assert_max_num_queries: Any
) -> None:
    for n in range(count):
        a_group(payments, f"S3.{n}")
    second_line.get(HOME)
    with django_assert_max_num_queries(25):
        second_line.get(HOME)

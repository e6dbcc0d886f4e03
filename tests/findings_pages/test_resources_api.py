"""Resources, what nobody owns, and how a check stands, for programs."""

from __future__ import annotations

import hashlib

import pytest
from pytest_django import DjangoAssertNumQueries

from findings.models import Severity, Status
from tests.conftest import LoggedIn
from tests.factories import SolutionFactory
from tests.factories.findings import CheckFactory, FindingFactory, FindingRecordFactory, ResourceFactory
from tests.findings_pages.reading_pages import counted

pytestmark = pytest.mark.django_db
API = "/api/v1/"


def test_a_resource_says_what_it_is_and_how_much_fails_on_it(second_line: LoggedIn, first_line: LoggedIn) -> None:
    solution = SolutionFactory()
    resource = ResourceFactory(name="invoices", tags={"solution": "payments"}, solutions=[solution.pk])
    fails = FindingFactory(resource=resource, solutions=[solution])
    FindingFactory(resource=resource, status=Status.PASS, solutions=[solution])
    FindingFactory()
    counted()
    told = second_line.get(f"{API}resources/{resource.public_id}/").json()
    assert {name: told[name] for name in ("id", "name", "tags", "solutions", "by_status", "accepted")} == {
        "id": resource.public_id, "name": "invoices", "tags": {"solution": "payments"},
        "solutions": [solution.public_id], "by_status": {"fail": 1, "pass": 1}, "accepted": 0,
    }  # fmt: skip
    assert fails.public_id in {change["finding"] for change in told["changes"]}
    assert first_line.get(f"{API}resources/{resource.public_id}/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_queue_of_unowned_resources_has_the_worst_first(
    second_line: LoggedIn, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mild = FindingFactory(severity=Severity.LOW)
    grave = [FindingFactory(severity=Severity.CRITICAL) for _ in range(count)]
    idle = ResourceFactory()
    counted()
    with django_assert_num_queries(7):
        page = second_line.get(f"{API}resources/unowned/").json()
    assert [row["resource"]["id"] for row in page["results"]] == [
        *(one.resource.public_id for one in grave), mild.resource.public_id,
    ]  # fmt: skip
    assert (page["results"][0]["worst"], page["results"][0]["fails"], page["next"]) == ("Critical", 1, None)
    assert (page["failing"], page["fails"], page["resources"]) == (count + 1, count + 1, count + 2)
    everything = second_line.get(f"{API}resources/unowned/", {"all": "yes"}).json()["results"]
    assert {row["resource"]["id"]: row["fails"] for row in everything}[idle.public_id] == 0


def test_how_a_check_stands_is_told_by_account_and_solution(second_line: LoggedIn) -> None:
    check, solution = CheckFactory(key="S3.8"), SolutionFactory(name="Payments")
    FindingFactory(check_ran=check, solutions=[solution])
    FindingFactory(check_ran=check, status=Status.PASS)
    counted()
    told = second_line.get(f"{API}checks/{check.public_id}/standing/").json()
    assert (told["total"]["failed"], told["total"]["passed"]) == (1, 1)
    assert [(row["account"], row["failed"]) for row in told["by_account"]] == [("111122223333", 1)]
    assert {(row["solution"], row["name"], row["failed"]) for row in told["by_solution"]} == {
        (solution.public_id, "Payments", 1), (None, "", 0),
    }  # fmt: skip
    assert (told["trend"][-1]["failed"], "public" in told["fix"]["what"]) == (1, True)


def test_the_record_is_the_one_that_its_digest_is_of(second_line: LoggedIn) -> None:
    finding = FindingRecordFactory().finding
    told = second_line.get(f"{API}findings/{finding.public_id}/").json()["record"]
    answer = second_line.get(f"{API}findings/{finding.public_id}/record/")
    assert (answer["Content-Type"], hashlib.sha256(answer.content).hexdigest()) == ("application/json", told["sha256"])
    bare = FindingFactory()
    assert second_line.get(f"{API}findings/{bare.public_id}/record/").status_code == 404

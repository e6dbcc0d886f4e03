"""The trail for programs: as the auditor's pages have it."""

from __future__ import annotations

import json

import pytest
from pytest_django import DjangoAssertNumQueries

from audit import trail
from audit.models import TrailEntry
from organisation.models import Solution
from tests.clock import at
from tests.conftest import LoggedIn
from tests.factories import SolutionFactory, UserFactory

API = "/api/v1/trail/"


@pytest.fixture
def payments(db: None) -> Solution:
    return SolutionFactory(name="Payments")


def test_an_auditor_finds_who_did_what(third_line: LoggedIn, payments: Solution) -> None:
    ben = UserFactory(name="Ben", administrator=True)
    with at("2026-03-31"):
        written = trail.record(ben, "solution.changed", payments, changed={"name": ["Pay", "Payments"]})
        trail.record(ben, "solution.retired", payments, reason="Sold")
    (row,) = third_line.get(API, {"actor": "ben", "action": "solution.changed"}).json()["results"]
    assert row == third_line.get(f"{API}{written.pk}/").json()
    assert {name: row[name] for name in ("at", "actor_name", "action", "kind", "object_id", "detail")} == {
        "at": "2026-03-31T12:00:00Z", "actor_name": "Ben", "action": "solution.changed", "kind": "solution",
        "object_id": payments.public_id, "detail": {"changed": {"name": ["Pay", "Payments"]}},
    }  # fmt: skip
    found = third_line.get(API, {"object": payments.public_id, "since": "2026-03-31", "until": "2026-03-31"}).json()
    assert [one["action"] for one in found["results"]] == ["solution.retired", "solution.changed"]
    assert third_line.get(API, {"since": "noon"}).status_code == 400
    assert third_line.get(f"{API}999999/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_trail_costs_the_same_for_any_number(
    third_line: LoggedIn, payments: Solution, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        trail.record("sync", "solution.changed", payments)
    with django_assert_num_queries(4):
        assert len(third_line.get(API, {"actor": "sync"}).json()["results"]) == count


def test_what_is_taken_away_is_on_the_trail(third_line: LoggedIn, payments: Solution) -> None:
    trail.record("sync", "solution.changed", payments)
    taken = third_line.get(f"{API}export/", {"actor": "sync"})
    lines = [json.loads(line) for line in b"".join(taken.streaming_content).splitlines()]  # type: ignore[attr-defined]
    assert [line["action"] for line in lines] == ["solution.changed"]
    assert TrailEntry.objects.latest("pk").detail == {"filters": {"actor": "sync"}, "acts": 1}


def test_the_chain_is_verified(third_line: LoggedIn) -> None:
    told = third_line.get(f"{API}verify/").json()
    assert (told["holds"], told["broken_at"]) == (told["unlinked"] == 0, None)


def test_nobody_else_reads_it(second_line: LoggedIn, administrator: LoggedIn) -> None:
    assert {browser.get(API).status_code for browser in (second_line, administrator)} == {403}

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from findings import posture
from findings.models import Finding, Severity, Status, Workflow
from organisation.models import Solution
from tests.clock import at
from tests.conftest import LoggedIn
from tests.dashboard.reading_homes import checks, counted_behind, noon, number_doors
from tests.factories import AccountFactory, SolutionFactory
from tests.factories.findings import (
    AcceptanceFactory,
    CheckFactory,
    CoverageSpanFactory,
    FindingFactory,
    FindingSpanFactory,
    ScopeFactory,
)
from tests.findings_pages.reading_pages import counted, listed, title, words

pytestmark = pytest.mark.django_db
TODAY = "2026-03-31"
ACCOUNT = "111122223333"


@pytest.fixture
def payments() -> Solution:
    account = AccountFactory(account_id=ACCOUNT, name="prod-payments")
    return SolutionFactory(name="Payments", accounts=[account])


def turned(solutions: list[Solution], before: Status, after: Status, on: str, **more: Any) -> Finding:
    """A finding whose status changed on a day."""
    finding: Finding = FindingFactory(solutions=solutions, status=after, since=noon(on), **more)
    long_before = noon(on) - timedelta(days=30)
    FindingSpanFactory(finding=finding, solutions=solutions, status=before, since=long_before, until=noon(on))
    return finding


def test_the_title_says_how_it_stands_and_what_changed(second_line: LoggedIn, payments: Solution) -> None:
    turned([payments], Status.PASS, Status.FAIL, "2026-03-31")
    turned([payments], Status.FAIL, Status.PASS, "2026-03-31")
    FindingFactory.create_batch(2, solutions=[payments], status=Status.PASS)
    counted()
    with at("2026-03-31"):
        page = second_line.get("/")
    assert title(page).replace("\u202f", " ") == (
        "The estate: 75 % of results pass, 1 fails, 1 worse and 1 better since yesterday"
    )


def test_every_number_is_a_door_to_a_list_that_counts_the_same(second_line: LoggedIn, payments: Solution) -> None:
    shared: list[Solution] = [payments, SolutionFactory(name="Data platform")]
    turned([payments], Status.PASS, Status.FAIL, "2026-03-31", severity=Severity.CRITICAL)
    turned(shared, Status.PASS, Status.FAIL, "2026-03-31", severity=Severity.MEDIUM)
    turned(shared, Status.FAIL, Status.PASS, "2026-03-31")
    turned([], Status.FAIL, Status.PASS, "2026-03-31")
    FindingFactory(solutions=[])
    FindingFactory(solutions=[payments], workflow=Workflow.SUPPRESSED)
    FindingFactory(solutions=[payments], status=Status.UNKNOWN)
    counted()
    with at(TODAY):
        doors = number_doors(second_line.get("/"))
        assert len(doors) > 15
        assert counted_behind(second_line, doors) == doors


def test_a_shared_finding_counts_in_each_solution_and_once_in_total(second_line: LoggedIn, payments: Solution) -> None:
    FindingFactory(solutions=[payments, SolutionFactory(name="Data platform")])
    counted()
    doors = number_doors(second_line.get("/"))
    fails = {url: n for url, n in doors.items() if "status=fail" in url and "severity" not in url}
    assert set(fails.values()) == {1}
    assert any(f"solution={payments.public_id}" in url for url in fails)
    assert "/findings/?status=fail&suppressed=no" in fails


def test_the_header_s_scope_narrows_the_home(second_line: LoggedIn, payments: Solution) -> None:
    FindingFactory(solutions=[payments])
    FindingFactory(solutions=[SolutionFactory(name="Data platform")])
    counted()
    page = second_line.get(f"/?solution={payments.public_id}")
    assert title(page).startswith("Payments: 0")
    assert counted_behind(second_line, number_doors(page)) == number_doors(page)


def test_what_changed_since_another_day(second_line: LoggedIn, payments: Solution) -> None:
    turned([payments], Status.PASS, Status.FAIL, "2026-03-28")
    flapping = turned([payments], Status.PASS, Status.FAIL, "2026-03-30")
    FindingSpanFactory(finding=flapping, solutions=[payments], since=noon("2026-01-01"), until=noon("2026-01-02"))
    counted()
    with at(TODAY):
        assert "0 worse" not in title(second_line.get("/"))
        assert "2 worse" in title(second_line.get("/?since=week"))
        assert "1 worse" in title(second_line.get("/?since=2026-03-29"))


def test_what_failed_before_and_fails_again_is_no_worse(second_line: LoggedIn, payments: Solution) -> None:
    finding = FindingFactory(solutions=[payments], since=noon("2026-03-30"))
    FindingSpanFactory(
        finding=finding,
        solutions=[payments],
        status=Status.PASS,
        since=noon("2026-03-29"),
        until=noon("2026-03-30"),
    )
    FindingSpanFactory(finding=finding, solutions=[payments], since=noon("2026-03-01"), until=noon("2026-03-29"))
    counted()
    with at(TODAY):
        assert "worse" not in title(second_line.get("/?since=week"))


def test_what_is_suppressed_is_no_better(second_line: LoggedIn, payments: Solution) -> None:
    finding = FindingFactory(solutions=[payments], since=noon("2026-03-30"), workflow=Workflow.SUPPRESSED)
    FindingSpanFactory(finding=finding, solutions=[payments], since=noon("2026-03-01"), until=noon("2026-03-30"))
    counted()
    with at(TODAY):
        page = second_line.get("/?since=week")
        assert "better" not in title(page)
        assert listed(second_line.get("/changes/?way=gone&since=week")) == []
    assert "1 finding is suppressed in AWS in no score, and in sight" in words(page)


def test_what_is_suppressed_without_a_live_exception_is_counted_with_a_door(
    second_line: LoggedIn, payments: Solution
) -> None:
    loose, covered = FindingFactory.create_batch(2, solutions=[payments], workflow=Workflow.SUPPRESSED)
    AcceptanceFactory(finding=covered)
    FindingFactory(solutions=[SolutionFactory()], workflow=Workflow.SUPPRESSED)
    counted()
    for query, n in ((f"?solution={payments.public_id}", 1), ("", 2)):
        page = second_line.get(f"/{query}")
        found = re.search(r'<a href="(/findings/suppressions/[^"]*)">(\d) finding', page.content.decode())
        assert found
        behind = listed(second_line.get(html.unescape(found[1])))
        assert int(found[2]) == len(behind) == n
        assert loose.public_id in behind
        assert covered.public_id not in behind


def test_a_fail_that_is_gone_is_neither_better_nor_forgotten(second_line: LoggedIn, payments: Solution) -> None:
    finding = FindingFactory(solutions=[payments], since=noon("2026-03-01"))
    finding.spans.update(valid_to=noon("2026-03-30"), end_recorded_at=noon("2026-03-30"))
    counted()
    with at(TODAY):
        assert listed(second_line.get("/changes/?way=better&since=week")) == []
        assert listed(second_line.get("/changes/?way=gone&since=week")) == [finding.public_id]


@pytest.mark.parametrize("query", ["since=soon", "since=2026-04-01"])
def test_a_day_that_is_none_is_refused(second_line: LoggedIn, query: str) -> None:
    with at(TODAY):
        assert second_line.get(f"/?{query}").status_code == 400
        assert second_line.get("/changes/?way=up").status_code == 400


def test_the_worst_checks_come_first(second_line: LoggedIn, payments: Solution) -> None:
    for key, severity, n in (("MANY", Severity.LOW, 3), ("GRAVE", Severity.CRITICAL, 1)):
        check = CheckFactory(key=key)
        FindingFactory.create_batch(n, check_ran=check, severity=severity, solutions=[payments])
    counted()
    assert checks(second_line.get("/")) == ["GRAVE", "MANY"]


def test_the_age_beside_what_is_fresh_is_that_of_awss_oldest_evaluation_there(second_line: LoggedIn) -> None:
    days = (datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))
    for region, day, state in zip(
        ("eu-west-1", "us-east-1", "eu-north-1"), days, ("fresh", "fresh", "stale"), strict=True
    ):
        CoverageSpanFactory(scope=ScopeFactory(region=region, evaluated_at=day, state=state))
    said = words(second_line.get("/"))
    assert "fresh 66 % , evaluated since 3 Mar 2026, 00:00" in said
    assert "stale 33 % ›" in said


def test_what_we_don_t_know_stands_beside(second_line: LoggedIn, payments: Solution) -> None:
    CoverageSpanFactory(scope=ScopeFactory())
    CoverageSpanFactory(scope=ScopeFactory(account="444455556666", state="denied"))
    FindingFactory(solutions=[payments], status=Status.UNKNOWN)
    FindingFactory(solutions=[])
    counted()
    said = words(second_line.get("/"))
    assert "fresh 50 %" in said
    assert "1 place denies access" in said
    assert "1 result is unknown" in said
    assert "1 failing resource belongs to no solution" in said
    assert "444455556666 ◌ Not observed" in said or "444455556666 Not observed" in said


def test_the_trend_is_what_failed_each_day(second_line: LoggedIn, payments: Solution) -> None:
    FindingFactory.create_batch(2, solutions=[payments])
    counted()
    with at("2026-03-30"):
        posture.snapshot_day()
    with at(TODAY):
        said = words(second_line.get("/"))
    assert "30 Mar 2026 2" in said
    assert "29 Mar 2026 not observed" in said


def test_a_point_of_the_trend_opens_what_was_counted_then(second_line: LoggedIn, payments: Solution) -> None:
    """What the portal learns of a day later is on the day's list, and not in what it counted that evening."""
    finding = FindingFactory(solutions=[payments])
    counted()
    with at("2026-03-30"):
        posture.snapshot_day()
    late = FindingFactory(solutions=[payments], since=noon("2026-03-29"))
    late.spans.update(recorded_at=noon("2026-03-31"))
    with at(TODAY):
        page = second_line.get("/").content.decode()
        (door,) = {html.unescape(door) for door in re.findall(r'href="(/findings/[^"]*2026-03-30T[^"]*)"', page)}
        assert listed(second_line.get(door)) == [finding.public_id]
        assert len(listed(second_line.get("/findings/?as_of=2026-03-30"))) == 2


def test_a_past_home_is_what_it_was(second_line: LoggedIn, payments: Solution) -> None:
    turned([payments], Status.FAIL, Status.PASS, "2026-03-10")
    counted()
    with at(TODAY):
        then = second_line.get("/?as_of=2026-03-05T12:00")
        assert "1 fails" in title(then)
        doors = number_doors(then)
        assert counted_behind(second_line, doors) == doors


def test_nothing_observed_is_no_pass(second_line: LoggedIn) -> None:
    page = second_line.get("/")
    assert title(page) == "The estate: nothing observed"
    assert "That is no pass" in words(page)


@pytest.mark.parametrize("count", [1, 3])
def test_the_home_costs_the_same_for_any_number(
    second_line: LoggedIn, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        FindingFactory(solutions=[SolutionFactory(accounts=[AccountFactory()])])
    counted()
    second_line.get("/?again=1")
    with django_assert_num_queries(22):
        second_line.get("/")


def test_read_and_empty_is_not_the_same_as_not_read(second_line: LoggedIn, payments: Solution) -> None:
    CoverageSpanFactory(scope=ScopeFactory(account=ACCOUNT))
    AccountFactory(account_id="444455556666", name="closed")
    CoverageSpanFactory(scope=ScopeFactory(account="444455556666", state="denied"))
    said = words(second_line.get("/"))
    assert "prod-payments 111122223333 No population" in said
    assert "closed 444455556666 Not observed" in said


def test_of_many_accounts_the_worst_are_shown_and_all_are_one_click_away(second_line: LoggedIn) -> None:
    for number in range(17):
        AccountFactory(account_id=f"{number:012d}", name=f"account-{number:02d}")
        status = Status.FAIL if number == 16 else Status.PASS
        FindingFactory(account=f"{number:012d}", check_ran=CheckFactory(), status=status)
    counted()
    shown = words(second_line.get("/"))
    assert "account-16" in shown
    assert "account-15" not in shown
    assert "All 17 accounts" in shown
    assert "account-15" in words(second_line.get("/?accounts=all"))

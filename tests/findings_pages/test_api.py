from __future__ import annotations

from datetime import datetime

import pytest

from findings.models import CoverageState, Severity, Status
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory
from tests.factories.findings import (
    CheckFactory,
    ConnectionFactory,
    CoverageSpanFactory,
    FindingFactory,
    FindingRecordFactory,
    FindingSpanFactory,
    ScopeFactory,
)
from tests.findings_pages.reading_pages import counted, ids, listed

pytestmark = pytest.mark.django_db
API = "/api/v1"


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00+00:00")


@pytest.mark.parametrize("query", ["", "?status=fail", "?severity=critical&suppressed=no", "?q=invoices"])
def test_the_list_is_the_pages(second_line: LoggedIn, query: str) -> None:
    FindingFactory(severity=Severity.CRITICAL)
    FindingFactory(status=Status.PASS, severity=Severity.INFORMATIONAL)
    counted()
    answer = second_line.get(f"{API}/findings/{query}").json()
    assert [row["id"] for row in answer["results"]] == listed(second_line.get(f"/findings/{query}"))


def test_a_bad_filter_is_refused_by_name(second_line: LoggedIn) -> None:
    answer = second_line.get(f"{API}/findings/?account=12")
    assert answer.status_code == 400
    assert "An account's 12 digits." in answer.content.decode()


def test_pages_follow_each_other_to_the_end(second_line: LoggedIn) -> None:
    made = FindingFactory.create_batch(5)
    seen: list[str] = []
    address = f"{API}/findings/?size=2"
    while address:
        answer = second_line.get(address).json()
        seen += [row["id"] for row in answer["results"]]
        address = answer["next"]
    assert sorted(seen) == sorted(ids(made))


def test_a_finding_comes_with_its_history_and_the_record_of_the_moment(second_line: LoggedIn) -> None:
    finding = FindingFactory(status=Status.FAIL, since=moment("2026-03-10"))
    FindingSpanFactory(finding=finding, status=Status.PASS, since=moment("2026-03-01"), until=moment("2026-03-10"))
    FindingRecordFactory(finding=finding, captured_at=moment("2026-03-01"), content={"Title": "old"})
    with at("2026-03-20"):
        answer = second_line.get(f"{API}/findings/{finding.public_id}/?as_of=2026-03-05").json()
    assert answer["finding"]["status"] == "pass"
    assert [span["status"] for span in answer["history"]] == ["pass", "fail"]
    assert answer["record"]["body"] == {"Title": "old"}


def test_other_peoples_findings_and_solutions_are_not_told(log_in: LogIn) -> None:
    mine, theirs = SolutionFactory(), SolutionFactory()
    shared = FindingFactory(solutions=[mine, theirs])
    hidden = FindingFactory(solutions=[theirs])
    browser = log_in(first_line=True, owns=[mine])
    (row,) = browser.get(f"{API}/findings/").json()["results"]
    assert (row["id"], row["solutions"]) == (shared.public_id, [mine.public_id])
    assert browser.get(f"{API}/findings/{hidden.public_id}/").status_code == 404


def test_what_a_filter_finds_is_counted(second_line: LoggedIn) -> None:
    FindingFactory.create_batch(2, severity=Severity.CRITICAL)
    FindingFactory(status=Status.PASS, severity=Severity.LOW)
    counted()
    told = second_line.get(f"{API}/findings/count/", {"status": "fail"}).json()
    assert told == {"total": 2, "by_status": {"fail": 2, "pass": 1}, "by_severity": {"Critical": 2}}
    assert second_line.get(f"{API}/findings/count/", {"severity": "loud"}).status_code == 400


def test_checks_coverage_and_connections(administrator: LoggedIn, second_line: LoggedIn) -> None:
    check = CheckFactory(key="S3.8")
    assert second_line.get(f"{API}/checks/{check.public_id}/").json()["key"] == "S3.8"
    scope = ScopeFactory(connection=ConnectionFactory(), state=CoverageState.DENIED, reason="No role.")
    CoverageSpanFactory(scope=scope)
    (place,) = second_line.get(f"{API}/coverage/").json()["results"]
    assert (place["state"], place["reason"]) == ("denied", "No role.")
    assert second_line.get(f"{API}/coverage/?state=denied").json()["results"] == [place]
    assert second_line.get(f"{API}/coverage/?state=fresh").json()["results"] == []
    assert second_line.get(f"{API}/coverage/?as_of=2001-01-01").json()["results"] == []
    address = f"{API}/connections/{scope.connection.public_id}/"
    assert second_line.get(address).json()["external_id"] is None
    told = administrator.get(address).json()
    assert told["external_id"] == scope.connection.external_id
    assert told["places"] == {"denied": 1}


@pytest.mark.parametrize("line", ["first_line", "external"])
def test_who_may_not_see_connections_is_refused(log_in: LogIn, line: str) -> None:
    assert log_in(**{line: True}).get(f"{API}/connections/").status_code == 403

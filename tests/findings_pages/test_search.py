"""What people type into the search, and what they find."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection

from findings import searching
from findings.models import Finding, Resource, Status
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory
from tests.factories.findings import CheckFactory, FindingFactory, FindingSpanFactory, ResourceFactory
from tests.findings_pages.reading_pages import counted, ids, listed, title, words

pytestmark = pytest.mark.django_db
ARN = "arn:aws:ec2:eu-central-1:111122223333:instance/i-0a1b2c3d4e"

FOUND: dict[str, tuple[dict[str, Any], list[str]]] = {
    "by the control's id": ({"check_ran__key": "EC2.8"}, ["EC2.8", "ec2.8", "c2."]),
    "by the rule's name": ({"check_ran__key": "ENCRYPTED_VOLUMES"}, ["encrypted_vol"]),
    "by the check's title": ({"check_ran__title": "Volumes should be encrypted"}, ["should be ENC"]),
    "by the resource's name": ({"resource__key": ARN, "resource__name": "ledger-db"}, ["ledger", "GER-D"]),
    "by a part of the ARN": ({"resource__key": ARN}, ["i-0a1b2c3d4e", "I-0A1B", "instance/i-0a", ARN]),
    "by a product's title": ({"product": "GuardDuty", "title": "Port 22 is probed"}, ["port 22", "PROBED"]),
    "in any script": ({"resource__name": "bücher-個人情報"}, ["BÜCHER", "個人情報", "er-個"]),
    "AWS's own id in full": ({"native_id": "arn:aws:securityhub:::finding/abc"}, ["arn:aws:securityhub:::finding/abc"]),
}


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00+00:00")


def found(browser: LoggedIn, query: str, beside: str = "") -> list[str]:
    return listed(browser.get(f"/findings/?q={quote(query)}{beside}"))


@pytest.mark.parametrize("how", FOUND)
def test_a_finding_is_found(second_line: LoggedIn, how: str) -> None:
    traits, queries = FOUND[how]
    wanted = FindingFactory(**traits)
    FindingFactory()
    for query in queries:
        assert (query, found(second_line, query)) == (query, [wanted.public_id])


@pytest.mark.parametrize("letter", ["%", "_", "\\", "'", '"', "("])
def test_every_letter_means_itself(second_line: LoggedIn, letter: str) -> None:
    wanted = FindingFactory(resource__name=f"data{letter}lake")
    FindingFactory(resource__name="dataxlake")
    assert found(second_line, f"ata{letter}la") == [wanted.public_id]
    assert found(second_line, letter * 3) == []


def test_a_short_word_is_looked_for_among_checks_and_the_page_says_so(second_line: LoggedIn) -> None:
    wanted = FindingFactory(check_ran=CheckFactory(key="EC2.8"))
    FindingFactory(resource__name="ec2-archive")
    answer = second_line.get("/findings/?q=ec")
    hint = "So short a word is looked for among checks only."
    assert listed(answer) == [wanted.public_id]
    assert hint in words(answer)
    assert hint not in words(second_line.get("/findings/?q=ec2"))
    assert hint in words(second_line.get("/findings/?q=qq"))


def test_what_a_control_is_called_is_not_looked_for_in_each_of_its_findings(second_line: LoggedIn) -> None:
    """AWS's title of a control's finding is kept once, with the check."""
    FindingFactory(product="Security Hub", title="An old title", check_ran=CheckFactory(title="A new title"))
    assert found(second_line, "old title") == []


def test_one_finds_what_was_so_then(second_line: LoggedIn) -> None:
    finding = FindingFactory(resource__name="ledger-db", status=Status.FAIL, since=moment("2026-03-10"))
    FindingSpanFactory(finding=finding, status=Status.PASS, since=moment("2026-03-01"), until=moment("2026-03-10"))
    with at("2026-03-20"):
        assert found(second_line, "ledger", "&status=fail") == [finding.public_id]
        assert found(second_line, "ledger", "&status=fail&as_of=2026-03-05") == []
        assert found(second_line, "ledger", "&status=pass&as_of=2026-03-05") == [finding.public_id]
        assert found(second_line, "ledger", "&as_of=2026-02-20") == []


def test_nobody_finds_what_they_may_not_see(log_in: LogIn) -> None:
    mine, theirs = SolutionFactory(), SolutionFactory()
    shown = FindingFactory(resource__name="ledger-db", solutions=[mine])
    FindingFactory(resource__name="ledger-web", solutions=[theirs])
    browser = log_in(first_line=True, second_line=True, owns=[mine])
    assert len(found(browser, "ledger")) == 2
    answer = browser.get("/findings/?q=ledger&line=first")
    assert listed(answer) == [shown.public_id]
    assert title(answer) == "1 of 1 findings fails in 1 account"
    assert found(log_in(first_line=True, owns=[mine]), "ledger-w") == []


@pytest.mark.parametrize("many", [0, 10_000])
def test_few_and_many_matches_are_found_alike(
    second_line: LoggedIn, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(searching, "MANY", many)
    wanted = [
        FindingFactory(resource__name="ledger-db"),
        FindingFactory(product="Inspector", title="CVE-2026-1 in ledger"),
        FindingFactory(check_ran=CheckFactory(title="The ledger is closed")),
    ]
    FindingFactory()
    answer = second_line.get("/findings/?q=LEDGER")
    assert sorted(listed(answer)) == sorted(ids(wanted))
    assert title(answer) == "3 of 3 findings fail in 1 account"


def test_what_only_checks_match_is_counted_as_the_list_shows(second_line: LoggedIn) -> None:
    check = CheckFactory(key="EC2.8")
    wanted = FindingFactory.create_batch(2, check_ran=check)
    FindingFactory()
    counted()
    for query in ("ec", "ec2.8", check.public_id):
        answer = second_line.get(f"/findings/?q={query}")
        assert sorted(listed(answer)) == sorted(ids(wanted))
        assert title(answer) == "2 of 2 findings fail in 1 account"


def test_nothing_found_is_no_error_in_any_form(second_line: LoggedIn) -> None:
    FindingFactory()
    assert title(second_line.get("/findings/?q=nowhere")) == "No finding matches"
    assert second_line.get("/api/v1/findings/?q=nowhere").json()["results"] == []
    (head,) = b"".join(second_line.post("/api/v1/findings/export/?form=csv&q=nowhere")).splitlines()
    assert head.startswith(b"finding,check,title")


@pytest.mark.parametrize("count", [1, 3])
def test_a_search_costs_the_same_for_any_number_of_rows(
    second_line: LoggedIn, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        FindingFactory(resource__name=f"ledger-{number}")
    second_line.get("/")
    with django_assert_num_queries(13):
        second_line.get("/findings/?q=ledger")


def test_the_database_searches_by_index() -> None:
    """It would rather read all of so few rows, in whatever way; so only bitmaps of an index are left to it."""
    ResourceFactory(name="ledger-db")
    FindingFactory(product="Inspector", title="CVE-2026-1 in ledger")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    assert "Index Scan on resource_search" in Resource.objects.naming("edge").explain()
    assert "Index Scan on finding_own_title_search" in Finding.objects.titled("edge").explain()

"""A failing finding under a live exception reads "fail, accepted", wherever findings are shown."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from audit import clock
from findings import acceptances
from findings.models import Finding, Status
from tests.clock import at
from tests.conftest import LoggedIn
from tests.factories.findings import AcceptanceFactory, FindingFactory, FindingRecordFactory
from tests.findings_pages.reading_pages import counted, listed, title, words

pytestmark = pytest.mark.django_db
EXPLORER = "/findings/"


@pytest.fixture
def accepted() -> Finding:
    """Fails under X-12, which began yesterday."""
    finding: Finding = AcceptanceFactory(finding=FindingRecordFactory().finding).finding
    return finding


@pytest.fixture
def plain() -> Finding:
    finding: Finding = FindingFactory()
    return finding


@pytest.fixture
def addresses() -> Iterator[None]:
    """A floor above has pages of exceptions."""
    acceptances.resolve_exceptions(lambda exception: f"/exceptions/{exception}/")
    yield
    acceptances._resolvers.clear()


def test_the_explorer_marks_it_and_finds_it_by_filter(second_line: LoggedIn, accepted: Finding, plain: Finding) -> None:
    AcceptanceFactory(finding=plain, ended=True)
    everything = words(second_line.get(EXPLORER))
    assert everything.count("Fail, accepted X-12") == 1
    counted()
    assert title(second_line.get(EXPLORER)) == "2 of 2 findings fail in 1 account"
    assert listed(second_line.get(f"{EXPLORER}?accepted=yes")) == [accepted.public_id]
    assert listed(second_line.get(f"{EXPLORER}?accepted=no")) == [plain.public_id]
    assert listed(second_line.get(f"{EXPLORER}?exception=X-12")) == [accepted.public_id]
    assert listed(second_line.get(f"{EXPLORER}?exception=X-1")) == []
    assert "An exception's id such as X-12." in words(second_line.get(f"{EXPLORER}?exception=twelve"))
    assert title(second_line.get(f"{EXPLORER}?status=fail&accepted=yes")) == "1 finding fails in 1 account"


def test_what_passes_under_an_exception_passes(second_line: LoggedIn) -> None:
    AcceptanceFactory(finding=FindingFactory(status=Status.PASS))
    answer = second_line.get(f"{EXPLORER}?accepted=yes")
    assert len(listed(answer)) == 1
    assert "accepted X-12" not in words(answer)


def test_it_is_asked_of_the_moment(second_line: LoggedIn, accepted: Finding) -> None:
    day = (clock.now() - timedelta(days=3)).date().isoformat()
    assert listed(second_line.get(f"{EXPLORER}?accepted=yes&as_of={day}")) == []
    assert listed(second_line.get(f"{EXPLORER}?accepted=no&as_of={day}")) == [accepted.public_id]
    with at((clock.now() + timedelta(days=40)).date().isoformat()):
        assert "Fail, accepted" not in words(second_line.get(EXPLORER))


def test_its_page_says_under_which_exception_and_until_when(second_line: LoggedIn, accepted: Finding) -> None:
    AcceptanceFactory(finding=accepted, exception="X-3", kind="false_positive", ended=True)
    text = words(second_line.get(f"{EXPLORER}{accepted.public_id}/"))
    assert "Fail, accepted" in text
    assert "X-12 acceptance, since" in text
    assert "X-3 false positive, from" in text
    assert "It was withdrawn" in text


def test_the_exceptions_page_is_a_click_away_where_there_is_one(
    second_line: LoggedIn, accepted: Finding, addresses: None
) -> None:
    for address in (EXPLORER, f"{EXPLORER}{accepted.public_id}/"):
        assert '<a href="/exceptions/X-12/">X-12</a>' in second_line.get(address).content.decode()


def test_a_resource_says_how_many_of_its_fails_are_accepted(
    second_line: LoggedIn, accepted: Finding, plain: Finding
) -> None:
    counted()
    assert accepted.resource
    assert plain.resource
    answer = second_line.get(f"{EXPLORER}resources/{accepted.resource.public_id}/")
    assert "1 of the fails is accepted" in words(answer)
    assert "Fail, accepted X-12" in words(answer)
    assert "accepted" not in words(second_line.get(f"{EXPLORER}resources/{plain.resource.public_id}/"))


def test_an_export_has_it_in_a_column(second_line: LoggedIn, accepted: Finding, plain: Finding) -> None:
    answer: Any = second_line.post(f"{EXPLORER}export/?form=csv")
    rows = {row["finding"]: row for row in csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig")))}
    assert rows[accepted.public_id]["accepted"] == "X-12"
    assert (rows[accepted.public_id]["status"], rows[plain.public_id]["accepted"]) == ("fail", "")


def test_the_api_tells_it_of_each_finding(second_line: LoggedIn, accepted: Finding, plain: Finding) -> None:
    found = second_line.get("/api/v1/findings/?status=fail").json()["results"]
    assert {row["id"]: row["accepted_by"] for row in found} == {accepted.public_id: "X-12", plain.public_id: None}
    one = second_line.get(f"/api/v1/findings/{accepted.public_id}/").json()["finding"]
    assert (one["status"], one["accepted_by"]) == ("fail", "X-12")

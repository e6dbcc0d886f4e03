"""What is suppressed in AWS and covered by no exception: for the second and the third line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audit import clock
from findings.models import RecordState, Workflow
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory, UserFactory
from tests.factories.findings import (
    AcceptanceFactory,
    CheckFactory,
    FindingFactory,
    FindingRecordFactory,
    ResourceFactory,
)
from tests.findings_pages.reading_pages import ids, listed, title, words

pytestmark = pytest.mark.django_db
LIST = "/findings/suppressions/"
API = "/api/v1/suppressions/"


def suppressed(**traits: Any) -> Any:
    return FindingFactory(workflow=Workflow.SUPPRESSED, **traits)


def test_it_lists_what_no_exception_in_force_covers(second_line: LoggedIn) -> None:
    loose, ended, expired, covered = (suppressed() for _ in range(4))
    FindingFactory()
    suppressed().spans.update(record_state=RecordState.ARCHIVED)
    AcceptanceFactory(finding=covered)
    AcceptanceFactory(finding=ended, ended=True)
    long_ago = clock.now() - timedelta(days=60)
    AcceptanceFactory(finding=expired, valid_from=long_ago, expires_at=long_ago + timedelta(days=30))
    answer = second_line.get(LIST)
    assert title(answer) == "3 findings are suppressed in AWS without a live exception"
    assert sorted(listed(answer)) == sorted(ids([loose, ended, expired]))
    assert sorted(row["id"] for row in second_line.get(API).json()["results"]) == sorted(ids([loose, ended, expired]))


def test_the_explorer_lists_the_same_and_offers_it_as_a_file(second_line: LoggedIn) -> None:
    suppressed(), suppressed()
    answer = second_line.get(LIST)
    door = answer.context["explorer_url"]
    explorer = second_line.get(door)
    assert listed(explorer) == listed(answer)
    assert "form=csv" in explorer.content.decode()


def test_it_is_narrowed_by_solution_account_and_check(second_line: LoggedIn) -> None:
    payments, check = SolutionFactory(name="Payments"), CheckFactory(key="S3.8")
    theirs = suppressed(solutions=[payments])
    there = suppressed(resource=ResourceFactory(account="444455556666"))
    checked = suppressed(check_ran=check)
    for query, wanted in (
        (f"solution={payments.public_id}", theirs),
        ("account=444455556666", there),
        (f"check={check.public_id}", checked),
    ):
        assert listed(second_line.get(f"{LIST}?{query}")) == [wanted.public_id], query
        assert [row["id"] for row in second_line.get(f"{API}?{query}").json()["results"]] == [wanted.public_id]
    page = second_line.get(f"{LIST}?check={check.public_id}")
    assert '<option value="444455556666">444455556666 (1)</option>' in page.content.decode()
    empty = second_line.get(f"{LIST}?account=&check={check.public_id}")
    assert (empty.status_code, empty["Location"]) == (302, f"{LIST}?check={check.public_id}")
    assert "Nothing matches this filter" in words(second_line.get(f"{LIST}?account=999999999999"))
    wrong = second_line.get(f"{LIST}?account=12")
    assert (wrong.status_code, "An account's 12 digits." in words(wrong)) == (422, True)
    assert second_line.get(f"{API}?account=12").status_code == 400


def test_it_says_what_was_written_beside_it_in_aws(second_line: LoggedIn) -> None:
    noted = suppressed()
    FindingRecordFactory(finding=noted, content={"Note": {"Text": "Known, see wiki", "UpdatedBy": "ana@example.org"}})
    assert "Known, see wiki ana@example.org" in words(second_line.get(LIST))
    suppressed()
    assert "no note" in words(second_line.get(LIST))


def test_nothing_to_list_is_said_with_what_is_suppressed_at_all(second_line: LoggedIn) -> None:
    AcceptanceFactory(finding=suppressed())
    answer = second_line.get(LIST)
    assert title(answer) == "Nothing is suppressed in AWS without a live exception"
    assert len(listed(second_line.get(answer.context["all_url"]))) == 1


def test_it_is_asked_of_a_moment(second_line: LoggedIn) -> None:
    finding = suppressed()
    AcceptanceFactory(finding=finding)
    day = (clock.now() - timedelta(days=3)).date().isoformat()
    assert listed(second_line.get(LIST)) == []
    assert listed(second_line.get(f"{LIST}?as_of={day}")) == [finding.public_id]


@pytest.mark.parametrize("line", ["first_line", "external", "administrator"])
def test_others_are_refused(log_in: LogIn, line: str) -> None:
    browser = log_in(UserFactory(**{line: True}))
    assert browser.get(LIST).status_code == 403
    assert browser.get(API).status_code == 403


def test_the_third_line_reads_it(third_line: LoggedIn) -> None:
    assert len(listed(third_line.get(LIST))) == 0
    suppressed()
    assert len(listed(third_line.get(LIST))) == 1


def test_a_long_list_has_pages(second_line: LoggedIn) -> None:
    for _ in range(51):
        suppressed()
    first = second_line.get(LIST)
    assert (len(listed(first)), first.context["total"]) == (50, 51)
    rest = second_line.get(f"{LIST}?cursor={first.context['page'].next_cursor}")
    assert len(listed(rest)) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_it_costs_the_same_for_any_number(second_line: LoggedIn, count: int, django_assert_num_queries: Any) -> None:
    for _ in range(count):
        FindingRecordFactory(finding=suppressed(solutions=[SolutionFactory()]))
    second_line.get(LIST)
    with django_assert_num_queries(13):
        second_line.get(LIST)

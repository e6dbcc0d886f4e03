from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from audit import clock
from findings.explore import url_for
from findings.models import RecordState, Severity, Source, Status, Workflow
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import AccountFactory, SolutionAccountFactory, SolutionFactory
from tests.factories.findings import (
    CheckFactory,
    ConnectionFactory,
    FindingFactory,
    FindingSpanFactory,
)
from tests.findings_pages.reading_pages import counted, ids, listed, title, words

pytestmark = pytest.mark.django_db
EXPLORER = "/findings/"
OTHER_ACCOUNT = "444455556666"


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00+00:00")


@pytest.fixture
def ordinary() -> Any:
    """A finding that none of the filters below is meant for."""
    return FindingFactory()


NARROWING: dict[str, tuple[dict[str, Any], str]] = {
    "status": ({"status": Status.UNKNOWN}, "status=unknown"),
    "severity": ({"severity": Severity.CRITICAL}, "severity=critical"),
    "severity by rank": ({"severity": Severity.CRITICAL}, "severity=5"),
    "account": ({"resource__account": OTHER_ACCOUNT}, f"account={OTHER_ACCOUNT}"),
    "region": ({"resource__region": "us-east-1"}, "region=us-east-1"),
    "source": ({"source": Source.CONFIG}, "source=config"),
    "product": ({"product": "GuardDuty"}, "product=GuardDuty"),
    "workflow": ({"workflow": Workflow.NOTIFIED}, "workflow=notified"),
    "suppressed": ({"workflow": Workflow.SUPPRESSED}, "suppressed=yes"),
    "type": ({"resource__type": "AWS::EC2::Instance"}, "type=AWS::EC2::Instance"),
    "since": ({"since": moment("2026-03-01")}, "since=2026-03-01"),
    "changed since": ({"since": moment("2026-03-01")}, "changed_since=2026-02-28"),
    "check by its key": ({"check_ran__key": "EC2.8"}, "q=ec2.8"),
    "resource by its name": ({"resource__name": "ledger-archive"}, "q=ledger-arch"),
    "AWS's own id": ({"native_id": "arn:aws:securityhub:::finding/abc"}, "q=arn:aws:securityhub:::finding/abc"),
}


@pytest.mark.parametrize("name", NARROWING)
def test_a_filter_narrows_to_exactly_what_it_names(second_line: LoggedIn, ordinary: Any, name: str) -> None:
    traits, query = NARROWING[name]
    wanted = FindingFactory(**traits)
    answer = second_line.get(f"{EXPLORER}?{query}")
    assert listed(answer) == [wanted.public_id]


def test_a_filter_of_a_check_a_resource_or_a_finding_names_it_by_its_id(second_line: LoggedIn, ordinary: Any) -> None:
    wanted = FindingFactory()
    queries = (
        f"check={wanted.check_ran.public_id}",
        f"resource={wanted.resource.public_id}",
        f"q={wanted.public_id}",
        f"q={wanted.check_ran.public_id.lower()}",
        f"q={wanted.resource.public_id}",
    )
    for query in queries:
        assert listed(second_line.get(f"{EXPLORER}?{query}")) == [wanted.public_id], query


def test_a_solution_may_be_asked_for_and_so_may_what_belongs_to_none(second_line: LoggedIn, ordinary: Any) -> None:
    solution = SolutionFactory(name="Payments")
    wanted = FindingFactory(solutions=[solution])
    answer = second_line.get(f"{EXPLORER}?solution={solution.public_id}")
    assert listed(answer) == [wanted.public_id]
    assert title(answer).startswith("Payments: ")
    assert listed(second_line.get(f"{EXPLORER}?solution=none")) == [ordinary.public_id]


def test_archived_records_and_what_another_source_counts_are_left_out_until_asked_for(second_line: LoggedIn) -> None:
    shown, archived, doubled = FindingFactory.create_batch(3)
    archived.spans.update(record_state=RecordState.ARCHIVED)
    doubled.spans.update(scored=False)
    assert listed(second_line.get(EXPLORER)) == [shown.public_id]
    assert listed(second_line.get(f"{EXPLORER}?record=archived")) == [archived.public_id]
    assert set(listed(second_line.get(f"{EXPLORER}?record=any&counted=any"))) == set(ids([shown, archived, doubled]))


def test_filters_combine_and_each_can_be_taken_away(second_line: LoggedIn) -> None:
    check = CheckFactory(key="S3.8")
    wanted = FindingFactory(check_ran=check, severity=Severity.CRITICAL)
    FindingFactory(check_ran=check, severity=Severity.LOW)
    FindingFactory(severity=Severity.CRITICAL)
    counted()
    query = f"check={check.public_id}&severity=critical&severity=high"
    answer = second_line.get(f"{EXPLORER}?{query}")
    assert listed(answer) == [wanted.public_id]
    assert f'href="?check={check.public_id}&amp;severity=high"' in answer.content.decode()
    assert "Severity Critical 1" in words(answer)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("status=broken", "Status: One of pass, fail"),
        ("severity=9", "Severity: One of critical"),
        ("account=12", "Account: An account's 12 digits."),
        ("check=S3.8", "Check: An id such as K-12."),
        ("since=yesterday", "Status since: A date such as 2026-06-30"),
        ("since=2026-02-31", "Status since: A date such as 2026-06-30"),
        ("solution=S-999", "Solution: There is no such solution, or it is not yours to see."),
        ("suppressed=yes&suppressed=no", "Suppressed: One value only."),
        ("order=random", "Order: There is no such order."),
    ],
)
def test_a_value_that_cannot_be_read_is_named_and_nothing_is_listed(
    first_line: LoggedIn, ordinary: Any, query: str, says: str
) -> None:
    answer = first_line.get(f"{EXPLORER}?{query}")
    assert answer.status_code == 422
    assert says in words(answer)
    assert listed(answer) == []


@pytest.mark.parametrize("hostile", ["%00", "%", "'", "\\", "%F0%9F%94%92", "a" * 5000, "F-99999999999999999999"])
def test_whatever_is_searched_for_is_only_text(second_line: LoggedIn, ordinary: Any, hostile: str) -> None:
    assert second_line.get(f"{EXPLORER}?q={hostile}").status_code in {200, 302}


def test_the_title_counts_what_the_list_shows_and_tabs_count_what_they_open(second_line: LoggedIn) -> None:
    FindingFactory.create_batch(2)
    FindingFactory(resource__account=OTHER_ACCOUNT)
    FindingFactory.create_batch(4, status=Status.PASS, severity=Severity.INFORMATIONAL)
    counted()
    everything = second_line.get(EXPLORER)
    assert title(everything) == "3 of 7 findings fail in 2 accounts"
    assert "All 7" in words(everything)
    fails = second_line.get(f"{EXPLORER}?status=fail")
    assert title(fails) == "3 findings fail in 2 accounts"
    assert len(listed(fails)) == 3
    assert "Pass 4" in words(fails)
    assert len(listed(second_line.get(f"{EXPLORER}?status=pass"))) == 4


@pytest.mark.parametrize("query", ["status=fail", f"account={OTHER_ACCOUNT}", "severity=critical&suppressed=no"])
def test_postures_and_spans_count_the_same(second_line: LoggedIn, query: str) -> None:
    FindingFactory(severity=Severity.CRITICAL)
    FindingFactory(severity=Severity.CRITICAL, workflow=Workflow.SUPPRESSED)
    FindingFactory(resource__account=OTHER_ACCOUNT, status=Status.PASS)
    counted()
    by_postures = second_line.get(f"{EXPLORER}?{query}")
    by_spans = second_line.get(f"{EXPLORER}?{query}&source=security_hub")
    assert title(by_postures) == title(by_spans)
    assert listed(by_postures) == listed(by_spans)


def test_a_check_is_named_once_where_its_title_is_its_key_again(second_line: LoggedIn) -> None:
    FindingFactory(check_ran=CheckFactory(key="S3_BUCKET_LEVEL", title="s3-bucket-level"), title="")
    page = words(second_line.get("/findings/"))
    assert "S3_BUCKET_LEVEL" in page
    assert "s3-bucket-level" not in page


def test_worst_first_then_newest_and_the_reader_may_order_otherwise(second_line: LoggedIn) -> None:
    low = FindingFactory(severity=Severity.LOW, since=moment("2026-03-03"))
    old = FindingFactory(severity=Severity.CRITICAL, since=moment("2026-03-01"))
    new = FindingFactory(severity=Severity.CRITICAL, since=moment("2026-03-02"))
    assert listed(second_line.get(EXPLORER)) == ids([new, old, low])
    assert listed(second_line.get(f"{EXPLORER}?order=-since")) == ids([low, new, old])
    assert listed(second_line.get(f"{EXPLORER}?order=since")) == ids([old, new, low])


@pytest.mark.parametrize("order", ["-severity", "severity", "-since", "-changed", "account", "check", "-check"])
def test_paging_walks_every_row_once(second_line: LoggedIn, order: str) -> None:
    check = CheckFactory()
    for n in range(105):
        FindingFactory(check_ran=check, severity=n % 6, since=moment("2026-03-01") + timedelta(days=n % 3))
    counted()
    seen: list[str] = []
    address = f"{EXPLORER}?order={order}"
    for _ in range(4):
        answer = second_line.get(address)
        seen += listed(answer)
        following = answer.context["page"].next_cursor
        if not following:
            break
        address = f"{EXPLORER}?order={order}&cursor={following}"
    assert len(seen) == len(set(seen)) == 105


def test_a_cursor_from_elsewhere_is_refused_in_words(second_line: LoggedIn, ordinary: Any) -> None:
    assert second_line.get(f"{EXPLORER}?cursor=abc").status_code == 400


def test_the_list_as_of_a_day_shows_what_was_true_then(second_line: LoggedIn) -> None:
    finding = FindingFactory(status=Status.PASS, since=moment("2026-03-10"))
    FindingSpanFactory(finding=finding, since=moment("2026-03-01"), until=moment("2026-03-10"))
    with at("2026-03-20"):
        then = second_line.get(f"{EXPLORER}?as_of=2026-03-05&status=fail")
        assert listed(then) == [finding.public_id]
        assert title(then) == "1 finding fails in 1 account"
        assert f"/findings/{finding.public_id}/?as_of=2026-03-05" in then.content.decode()
        assert listed(second_line.get(f"{EXPLORER}?status=fail")) == []
        assert listed(second_line.get(f"{EXPLORER}?as_of=2026-02-01")) == []


def test_what_was_learnt_later_is_not_yet_known(second_line: LoggedIn) -> None:
    finding = FindingFactory(since=moment("2026-03-01"))
    finding.spans.update(recorded_at=moment("2026-03-08"))
    with at("2026-03-20"):
        assert listed(second_line.get(f"{EXPLORER}?as_of=2026-03-05")) == [finding.public_id]
        assert listed(second_line.get(f"{EXPLORER}?as_of=2026-03-05&known_at=2026-03-06")) == []


def test_the_first_line_sees_its_solutions_and_what_is_unowned_beside_them(log_in: LogIn) -> None:
    solution, account = SolutionFactory(), AccountFactory(account_id=OTHER_ACCOUNT)
    SolutionAccountFactory(solution=solution, account=account, whole=False)
    mine = FindingFactory(solutions=[solution])
    beside = FindingFactory(resource__account=OTHER_ACCOUNT)
    FindingFactory(solutions=[SolutionFactory()])
    FindingFactory()
    counted()
    browser = log_in(first_line=True, owns=[solution])
    answer = browser.get(EXPLORER)
    assert set(listed(answer)) == {mine.public_id, beside.public_id}
    assert title(answer) == "2 of 2 findings fail in 2 accounts"


def test_another_solution_cannot_even_be_asked_for(log_in: LogIn) -> None:
    theirs = SolutionFactory(name="Secret merger")
    FindingFactory(solutions=[theirs])
    browser = log_in(first_line=True, owns=[SolutionFactory()])
    answer = browser.get(f"{EXPLORER}?solution={theirs.public_id}")
    assert answer.status_code == 422
    assert "Secret merger" not in words(answer)


def test_an_empty_list_says_why(second_line: LoggedIn, log_in: LogIn) -> None:
    assert "Nothing is connected" in words(second_line.get(EXPLORER))
    ConnectionFactory()
    assert "Nothing has been read yet" in words(second_line.get(EXPLORER))
    assert "No solution is open to you yet" in words(log_in(first_line=True).get(EXPLORER))
    FindingFactory(status=Status.PASS)
    counted()
    assert "Nothing fails here" in words(second_line.get(f"{EXPLORER}?status=fail"))
    assert "Nothing matches this filter" in words(second_line.get(f"{EXPLORER}?q=nowhere"))
    assert "Nothing was observed at this moment" in words(second_line.get(f"{EXPLORER}?as_of=2001-01-01"))


def test_a_part_of_the_page_equals_its_reload(second_line: LoggedIn, ordinary: Any) -> None:
    asked = f"{EXPLORER}?status=fail"
    with at("2026-03-20"):
        part = second_line.get(asked, headers={"hx-request": "true", "hx-current-url": "http://testserver/findings/"})
        page = second_line.get(asked)
    body = part.content.decode().split("</title>", 1)[1].strip()
    assert body in page.content.decode()
    assert part["HX-Push-Url"] == asked


def test_a_change_of_scope_reloads_the_page_since_its_header_names_it(second_line: LoggedIn) -> None:
    solution = SolutionFactory()
    headers = {"hx-request": "true", "hx-current-url": "http://testserver/findings/"}
    answer = second_line.get(f"{EXPLORER}?solution={solution.public_id}", headers=headers)
    assert answer["HX-Redirect"] == f"{EXPLORER}?solution={solution.public_id}"


def test_empty_controls_leave_no_trace_in_the_address(second_line: LoggedIn) -> None:
    answer = second_line.get(f"{EXPLORER}?status=fail&account=&q=&as_of=2026-03-01")
    assert answer.status_code == 302
    assert answer["Location"] == f"{EXPLORER}?status=fail&as_of=2026-03-01"


def test_columns_are_the_readers_choice(second_line: LoggedIn, ordinary: Any) -> None:
    answer = words(second_line.get(f"{EXPLORER}?columns=product&columns=id"))
    assert "Check Product Finding" in answer
    assert ordinary.public_id in answer


@pytest.mark.parametrize("count", [1, 3])
def test_the_explorer_costs_the_same_for_any_number_of_findings(
    second_line: LoggedIn, count: int, django_assert_max_num_queries: Any
) -> None:
    for _ in range(count):
        FindingFactory(solutions=[SolutionFactory()])
    counted()
    second_line.get(EXPLORER)
    with django_assert_max_num_queries(12):
        second_line.get(EXPLORER)


def test_links_are_written_as_the_filter_reads_them(second_line: LoggedIn) -> None:
    solution, check = SolutionFactory(), CheckFactory()
    address = url_for(
        status=[Status.FAIL, Status.UNKNOWN],
        severity=Severity.HIGH,
        solution=solution,
        check=check,
        suppressed=False,
        since=clock.now().date(),
        account=None,
    )
    assert address.startswith(reverse("findings:explorer"))
    for part in ("status=fail&status=unknown", "severity=high", f"solution={solution.public_id}", "suppressed=no"):
        assert part in address
    assert second_line.get(address).status_code == 200


def scope(answer: Any) -> str:
    """What the header says the page is about."""
    found = re.search(r'<span class="what">Scope</span> <b>(.*?)</b>', answer.content.decode())
    assert found
    return found[1]


def test_the_header_says_what_the_list_is_about(second_line: LoggedIn) -> None:
    solution = SolutionFactory(name="Payments")
    expected = {
        EXPLORER: "All solutions",
        f"{EXPLORER}?solution=none": "No solution",
        f"{EXPLORER}?solution={solution.public_id}": "Payments",
        "/findings/unowned/": "No solution",
        "/?solution=none": "No solution",
    }
    assert {address: scope(second_line.get(address)) for address in expected} == expected


def test_a_solution_picked_on_the_unowned_queue_leads_to_its_findings(second_line: LoggedIn) -> None:
    solution = SolutionFactory()
    answer = second_line.get(f"/findings/unowned/?solution={solution.public_id}&as_of=2026-03-01")
    assert answer.status_code == 302
    assert answer["Location"] == f"{EXPLORER}?as_of=2026-03-01&solution={solution.public_id}"

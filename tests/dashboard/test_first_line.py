from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pytest

from findings.models import Check, Severity, Source, Status, Workflow
from organisation.models import Solution
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.dashboard.reading_homes import checks, counted_behind, noon, number_doors
from tests.factories import AccountFactory, SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory
from tests.factories.findings import CheckFactory, FindingFactory, FindingSpanFactory, ResourceFactory
from tests.findings_pages.reading_pages import counted, listed, title, words

pytestmark = pytest.mark.django_db
TODAY = "2026-03-31"
ACCOUNT = "111122223333"


@pytest.fixture
def payments() -> Solution:
    account = AccountFactory(account_id=ACCOUNT, name="prod-payments")
    return SolutionFactory(name="Payments", accounts=[account])


@pytest.fixture
def owner(log_in: LogIn, payments: Solution) -> LoggedIn:
    return log_in(UserFactory(first_line=True, owns=[payments]))


def test_the_title_is_the_answer(owner: LoggedIn, payments: Solution) -> None:
    old, new = CheckFactory(key="S3.8"), CheckFactory(key="EC2.8")
    FindingFactory(check_ran=old, solutions=[payments], since=noon("2026-03-20"))
    FindingFactory(check_ran=new, solutions=[payments], since=noon("2026-03-30"))
    FindingFactory(solutions=[payments], status=Status.PASS)
    FindingFactory(solutions=[SolutionFactory()])
    counted()
    with at(TODAY):
        page = owner.get("/")
    assert title(page) == "Payments: 2 checks fail, 1 new since Monday 30 Mar"


def test_every_number_is_a_door_to_a_list_that_counts_the_same(owner: LoggedIn, payments: Solution) -> None:
    other = SolutionFactory(name="Data platform")
    check = CheckFactory()
    FindingFactory.create_batch(3, check_ran=check, solutions=[payments])
    FindingFactory.create_batch(2, check_ran=check, solutions=[payments], status=Status.PASS)
    FindingFactory(check_ran=check, solutions=[payments], workflow=Workflow.SUPPRESSED)
    FindingFactory(check_ran=check, solutions=[payments], status=Status.UNKNOWN)
    FindingFactory(check_ran=check, solutions=[other])
    FindingFactory(check_ran=check, solutions=[])
    counted()
    doors = number_doors(owner.get("/"))
    assert sorted(doors.values()) == [1, 1, 2, 3, 3, 6]
    assert counted_behind(owner, doors) == doors


def test_a_finding_of_two_solutions_counts_once(log_in: LogIn) -> None:
    mine = [SolutionFactory(name="Payments"), SolutionFactory(name="Data platform")]
    browser = log_in(UserFactory(first_line=True, owns=mine))
    FindingFactory(solutions=mine)
    FindingFactory(solutions=mine[:1], check_ran=Check.objects.get())
    counted()
    page = browser.get("/")
    doors = number_doors(page)
    assert title(page).startswith("Data platform and Payments: 1 check fails")
    assert set(doors.values()) == {2, 0}
    assert counted_behind(browser, doors) == doors


def test_the_header_s_scope_narrows_the_home(log_in: LogIn) -> None:
    mine = [SolutionFactory(name="Payments"), SolutionFactory(name="Data platform")]
    browser = log_in(UserFactory(first_line=True, owns=mine))
    for solution in mine:
        FindingFactory(solutions=[solution])
    counted()
    page = browser.get(f"/?solution={mine[1].public_id}")
    assert title(page).startswith("Data platform: 1 check fails")
    assert counted_behind(browser, number_doors(page)) == number_doors(page)


def test_a_solution_of_somebody_else_is_not_found(owner: LoggedIn) -> None:
    assert owner.get(f"/?solution={SolutionFactory().public_id}").status_code == 404


def test_overdue_comes_first_then_the_worst(owner: LoggedIn, payments: Solution) -> None:
    for key, severity, since in (
        ("LATE", Severity.MEDIUM, "2026-01-01"),
        ("GRAVE", Severity.CRITICAL, "2026-03-30"),
        ("MILD", Severity.LOW, "2026-03-30"),
        ("UNRATED", Severity.NONE, "2026-03-01"),
    ):
        check = CheckFactory(key=key, severity=severity)
        FindingFactory(check_ran=check, severity=severity, solutions=[payments], since=noon(since))
    counted()
    with at(TODAY):
        page = owner.get("/")
    assert checks(page) == ["LATE", "GRAVE", "MILD", "UNRATED"]
    assert "overdue since 2 Mar 2026" in words(page)
    assert title(page).endswith("2 new since Monday 30 Mar, 1 overdue")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("show=overdue", ["LATE"]),
        ("show=new", ["GRAVE"]),
        ("severity=critical", ["GRAVE"]),
        (f"account={ACCOUNT}", ["LATE", "GRAVE"]),
        ("account=444455556666", []),
    ],
)
def test_the_address_narrows_the_list(owner: LoggedIn, payments: Solution, query: str, shown: list[str]) -> None:
    for key, severity, since in (
        ("LATE", Severity.MEDIUM, "2026-01-01"),
        ("GRAVE", Severity.CRITICAL, "2026-03-30"),
    ):
        check = CheckFactory(key=key)
        FindingFactory(check_ran=check, severity=severity, solutions=[payments], since=noon(since))
    counted()
    with at(TODAY):
        page = owner.get(f"/?{query}")
    assert checks(page) == shown
    assert title(page).startswith("Payments: 2 checks fail")


@pytest.mark.parametrize("query", ["show=all", "severity=grave", "open=S3.8", "cursor=x"])
def test_a_filter_that_is_none_is_refused(owner: LoggedIn, payments: Solution, query: str) -> None:
    FindingFactory(solutions=[payments])
    counted()
    assert owner.get(f"/?{query}").status_code in (400, 404)


def test_a_row_unfolds_into_its_resources_and_what_to_change(owner: LoggedIn, payments: Solution) -> None:
    check = CheckFactory(key="X.1", remediation_text="Turn the thing on.")
    found = FindingFactory.create_batch(12, check_ran=check, solutions=[payments])
    counted()
    key = f"{check.public_id}-{ACCOUNT}"
    page = owner.get(f"/?open={key}")
    part = owner.get(f"/?open={key}", HTTP_HX_REQUEST="true", HTTP_HX_TARGET=f"row-{key}")
    assert part.content.decode().strip() in page.content.decode()
    text = part.content.decode()
    assert len(re.findall(r'href="/findings/F-\d+/"', text)) == 10
    assert "Turn the thing on." in text
    assert len(listed(owner.get(f"/findings/?status=fail&check={check.public_id}"))) == len(found)


def test_a_row_folds_again(owner: LoggedIn, payments: Solution) -> None:
    check = FindingFactory(solutions=[payments]).check_ran
    counted()
    key = f"{check.public_id}-{ACCOUNT}"
    page = owner.get("/")
    part = owner.get("/", HTTP_HX_REQUEST="true", HTTP_HX_TARGET=f"row-{key}")
    assert part.content.decode().strip() in page.content.decode()
    assert "unfolded" not in part.content.decode()


def test_somebody_else_s_row_does_not_unfold(owner: LoggedIn) -> None:
    check = FindingFactory(solutions=[SolutionFactory()]).check_ran
    counted()
    key = f"{check.public_id}-{ACCOUNT}"
    answer = owner.get(f"/?open={key}", HTTP_HX_REQUEST="true", HTTP_HX_TARGET=f"row-{key}")
    assert answer.status_code == 404


def test_what_belongs_to_nobody_in_my_accounts_is_a_queue(owner: LoggedIn, payments: Solution) -> None:
    FindingFactory(solutions=[], resource=ResourceFactory(account=ACCOUNT))
    FindingFactory(solutions=[], resource=ResourceFactory(account="444455556666"))
    counted()
    said = words(owner.get("/"))
    assert "1 failing resource belongs to nobody" in said
    assert title(owner.get("/")) == "Payments: nothing observed yet"
    assert 'href="/findings/unowned/"' in owner.get("/").content.decode()


def test_threats_stand_beside_and_are_no_fails(owner: LoggedIn, payments: Solution) -> None:
    threat = CheckFactory(kind=Check.Kind.REPORT, title="A mining pool is queried", source=Source.SECURITY_HUB)
    FindingFactory(check_ran=threat, status=Status.REPORT, solutions=[payments], severity=Severity.CRITICAL)
    counted()
    page = owner.get("/")
    assert "1 threat or vulnerability reported" in words(page)
    assert "A mining pool is queried" in words(page)
    assert number_doors(page) == counted_behind(owner, number_doors(page))


def test_a_past_home_is_what_it_was(owner: LoggedIn, payments: Solution) -> None:
    finding = FindingFactory(solutions=[payments], since=noon("2026-03-10"), status=Status.PASS)
    FindingSpanFactory(finding=finding, solutions=[payments], since=noon("2026-02-20"), until=noon("2026-03-10"))
    counted()
    with at(TODAY):
        assert title(owner.get("/")) == "Payments: nothing fails"
        then = owner.get("/?as_of=2026-03-05T12:00")
        assert title(then) == "Payments: 1 check fails"
        doors = number_doors(then)
        assert doors == counted_behind(owner, doors)
        assert all("as_of=2026-03-05T12:00" in unquote(url) for url in doors)


def test_who_has_no_solution_reads_so(first_line: LoggedIn) -> None:
    page = first_line.get("/")
    assert title(page) == "No solution is open to you yet"
    assert "An owner of the solution that you work on, or the second line, can open it to you." in words(page)


@pytest.mark.parametrize("count", [1, 3])
def test_the_home_costs_the_same_however_much_fails(
    owner: LoggedIn, payments: Solution, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        FindingFactory.create_batch(count, check_ran=CheckFactory(), solutions=[payments])
    counted()
    owner.get("/?again=1")
    with django_assert_num_queries(19):
        owner.get("/")


@pytest.mark.parametrize("count", [1, 3])
def test_the_home_costs_the_same_however_many_tests_are_due(
    owner: LoggedIn, payments: Solution, count: int, django_assert_num_queries: Any
) -> None:
    ControlFactory.create_batch(count, manual=True, solution=payments, owner=owner.person)
    owner.get("/?again=1")
    with django_assert_num_queries(20):
        page = owner.get("/")
    assert f"Tests due {count}" in words(page)


def test_the_next_page_begins_after_the_last_row(owner: LoggedIn, payments: Solution) -> None:
    for _ in range(30):
        FindingFactory(check_ran=CheckFactory(), solutions=[payments])
    counted()
    first = owner.get("/")
    following = re.search(r'rel="next" href="([^"]+)"', first.content.decode())
    assert following
    second = owner.get(f"/{following[1]}")
    assert len(checks(first)) == 25
    assert len(set(checks(first)) | set(checks(second))) == 30

from __future__ import annotations

from typing import Any

import pytest

from findings.models import Source, Status, Workflow
from organisation.models import Grant
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.dashboard.reading_homes import checks, counted_behind, noon, number_doors
from tests.factories import AccountFactory, GrantFactory, SolutionFactory, UserFactory
from tests.factories.assurance import AuditFindingFactory, ControlTestFactory, EngagementFactory
from tests.factories.evidence import EvidenceRequestFactory
from tests.factories.findings import (
    CheckFactory,
    CoverageSpanFactory,
    FindingFactory,
    FindingSpanFactory,
    ScopeFactory,
    SyncRunFactory,
)
from tests.findings_pages.reading_pages import counted, title, words

pytestmark = pytest.mark.django_db
TODAY = "2026-03-31"


def test_the_page_says_what_moment_and_what_knowledge_it_is_for(third_line: LoggedIn) -> None:
    check = CheckFactory(first_seen_at=noon("2026-01-01"))
    FindingFactory(check_ran=check, since=noon("2026-02-01"))
    with at(TODAY):
        page = third_line.get("/?as_of=2026-03-05T14:00&known_at=2026-03-06T09:00")
    assert title(page) == "As of 5 Mar 2026, 14:00: 1 of 1 observed checks fails"
    said = words(page).replace(" ,", ",")
    assert "Facts of 5 Mar 2026, 14:00, as the portal knew them at 6 Mar 2026, 09:00" in said
    assert 'value="2026-03-05T14:00"' in page.content.decode()
    assert 'value="2026-03-06T09:00"' in page.content.decode()


def test_what_was_learnt_later_was_not_known_then(third_line: LoggedIn) -> None:
    finding = FindingFactory(since=noon("2026-03-01"))
    finding.spans.update(recorded_at=noon("2026-03-10"))
    with at(TODAY):
        known_today = third_line.get("/?as_of=2026-03-05T12:00")
        known_then = third_line.get("/?as_of=2026-03-05T12:00&known_at=2026-03-05T12:00")
    assert title(known_today).endswith("1 of 1 observed checks fails")
    assert title(known_then).endswith("nothing was observed")


def test_every_number_is_a_door_to_a_list_that_counts_the_same(third_line: LoggedIn) -> None:
    check = CheckFactory()
    FindingFactory.create_batch(2, check_ran=check)
    FindingFactory(check_ran=check, status=Status.PASS)
    FindingFactory(check_ran=check, status=Status.UNKNOWN)
    FindingFactory(check_ran=check, workflow=Workflow.SUPPRESSED)
    ended = FindingFactory(check_ran=check, since=noon("2026-03-20"), status=Status.PASS)
    FindingSpanFactory(finding=ended, since=noon("2026-01-01"), until=noon("2026-03-20"))
    counted()
    with at(TODAY):
        for moment, fails in (("", 2), ("?as_of=2026-03-05T12:00", 3)):
            page = third_line.get(f"/{moment}")
            doors = number_doors(page)
            assert fails in doors.values()
            assert counted_behind(third_line, doors) == doors


def test_each_check_has_one_state_and_the_worst_come_first(third_line: LoggedIn) -> None:
    for key, statuses in (
        ("PASSES", [Status.PASS]),
        ("PARTLY", [Status.PASS, Status.FAIL]),
        ("FAILS", [Status.FAIL]),
        ("UNKNOWN", [Status.UNKNOWN, Status.PASS]),
        ("NOT_MEANT", [Status.NOT_APPLICABLE]),
        ("EMPTY", []),
    ):
        check = CheckFactory(key=key)
        for status in statuses:
            FindingFactory(check_ran=check, status=status)
    FindingFactory(check_ran=CheckFactory(key="HIDDEN"), workflow=Workflow.SUPPRESSED)
    CheckFactory(key="NOT_READ", source=Source.CONFIG)
    CoverageSpanFactory()
    counted()
    page = third_line.get("/")
    assert checks(page) == ["FAILS", "PARTLY", "UNKNOWN", "HIDDEN", "NOT_READ", "PASSES", "NOT_MEANT", "EMPTY"]
    assert title(page).endswith("2 of 6 observed checks fail")
    assert checks(third_line.get("/?state=no_population")) == ["EMPTY"]
    assert third_line.get("/?state=fine").status_code == 400


def test_before_anything_was_connected_nothing_was_observed(third_line: LoggedIn) -> None:
    FindingFactory(check_ran=CheckFactory(first_seen_at=noon("2026-02-01")), since=noon("2026-02-01"))
    with at(TODAY):
        page = third_line.get("/?as_of=2026-01-05T12:00")
    assert title(page).endswith("nothing was observed")
    assert checks(page) == []
    assert "Before a connection existed nothing can be said, and nothing is a pass." in words(page)


def test_a_figure_says_where_it_comes_from(third_line: LoggedIn) -> None:
    scope = ScopeFactory()
    CoverageSpanFactory(scope=scope)
    run = SyncRunFactory(scope=scope, finished_at=noon("2026-03-01"))
    SyncRunFactory(scope=scope, finished_at=noon("2026-03-20"))
    FindingFactory(since=noon("2026-02-01"))
    with at(TODAY):
        said = words(third_line.get("/?as_of=2026-03-05T12:00&known_at=2026-03-05T12:00"))
    assert f"Security Hub · {run.public_id}" in said
    assert "100 % fresh · read 1 Mar 2026, 12:00" in said


def test_external_assurance_sees_what_it_was_granted_and_no_more(log_in: LogIn) -> None:
    mine = SolutionFactory(name="Payments", accounts=[AccountFactory(account_id="111122223333")])
    person = UserFactory(external=True)
    GrantFactory(person=person, solution=mine, kind=Grant.Kind.ASSURANCE, valid_to=noon("2030-04-01"))
    browser = log_in(person)
    FindingFactory(check_ran=CheckFactory(key="MINE"), solutions=[mine])
    FindingFactory(check_ran=CheckFactory(key="OTHER"), solutions=[SolutionFactory()])
    counted()
    page = browser.get("/")
    assert checks(page) == ["MINE"]
    assert "Limited to Payments (until 1 Apr 2030 )." in words(page)
    assert counted_behind(browser, number_doors(page)) == number_doors(page)


def test_external_assurance_without_an_engagement_reads_so(external: LoggedIn) -> None:
    assert "No engagement is open to you" in words(external.get("/"))


def test_an_engagement_that_has_ended_opens_nothing(log_in: LogIn) -> None:
    person = UserFactory(external=True)
    GrantFactory(person=person, kind=Grant.Kind.ASSURANCE, valid_to=noon("2026-03-30"))
    with at(TODAY):
        assert "No engagement is open to you" in words(log_in(person).get("/"))


@pytest.mark.parametrize(("moment", "queries"), [("", 14), ("?as_of=2026-03-05T12:00", 22)])
@pytest.mark.parametrize("count", [1, 3])
def test_the_home_costs_the_same_for_any_number_of_checks(
    third_line: LoggedIn, count: int, moment: str, queries: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        FindingFactory.create_batch(count, check_ran=CheckFactory())
    counted()
    third_line.get("/?again=1")
    with django_assert_num_queries(queries):
        third_line.get(f"/{moment}")


def test_the_home_tells_how_far_ones_engagements_are_and_what_is_overdue(log_in: LogIn) -> None:
    ida = UserFactory(third_line=True)
    mine = EngagementFactory(title="Access audit", with_team=[ida])
    EngagementFactory(title="Not hers")
    EngagementFactory(title="Over", closed=True, with_team=[ida])
    ControlTestFactory(engagement=mine)
    source = {"source_kind": "engagement", "source_id": mine.public_id}
    EvidenceRequestFactory(**source)
    EvidenceRequestFactory(**source, due_on="2020-01-01")
    AuditFindingFactory(engagement=mine, state="agreed", agreed_on="2020-01-01")
    browser = log_in(ida)
    page = browser.get("/")
    (row,) = page.context["audits"].rows
    assert (row.engagement, row.state, row.asked, row.late) == (mine, "Fieldwork", 2, 1)
    said = words(page)
    assert "0 of 1" in said
    assert "1 audit finding not closed , 1 overdue" in said.replace("closed,", "closed ,")
    assert "Not hers" not in said
    ControlTestFactory(engagement=mine, reviewed=True)
    assert "1 of 2" in words(browser.get("/"))


def test_an_auditor_from_outside_finds_their_engagement_after_its_period(log_in: LogIn) -> None:
    eve = UserFactory(external=True)
    about = {"about_from": noon("2026-01-01"), "about_to": noon("2026-03-30")}
    mine = EngagementFactory(outside=True, with_team=[eve], **about)
    for solution in mine.solutions.all():
        GrantFactory(person=eve, solution=solution, kind=Grant.Kind.ASSURANCE, **about)
    page = log_in(eve).get("/")
    assert title(page).startswith("As of 30 Mar 2026, 12:00")
    assert mine.title in words(page)

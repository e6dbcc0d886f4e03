"""Roll-ups, trends, how a requirement did over a period, and what is known of a past moment today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from audit import clock
from audit.moment import Moment
from controls import rollup
from controls.models import Mapping, RequirementSpan, RollUp
from controls.periods import period_figures
from controls.standing import Monitoring, standings_of_requirements
from controls.tasks import follow_standings
from findings.models import CoverageState, Source, Status
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.controls.standings import EVERYTHING, a_check, find, satisfied_by, shown_by
from tests.controls.test_standing_pages import labels, page_of, requirement_page
from tests.factories import SolutionFactory
from tests.factories.controls import ControlFactory, EditionFactory
from tests.factories.findings import CheckFactory, CoverageSpanFactory, FindingFactory, FindingSpanFactory, ScopeFactory
from tests.findings_pages.reading_pages import counted, listed, title, words

pytestmark = pytest.mark.django_db


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00+00:00")


def rolled() -> dict[tuple[int, int | None], str]:
    rows = RequirementSpan.objects.open().values_list("requirement", "solution", "monitoring")
    return {(requirement, solution): state for requirement, solution, state in rows}


def computed(version: Any, *solutions: Any) -> dict[tuple[int, int | None], str]:
    found = {}
    for solution in (None, *solutions):
        for key, standing in standings_of_requirements(EVERYTHING, Moment.now(), version, solution).items():
            if standing.monitoring is not Monitoring.NOT_MAPPED:
                found[key, solution.pk if solution else None] = standing.monitoring.value
    return found


def test_roll_ups_are_what_is_computed_after_a_reading_and_after_a_decision() -> None:
    edition = EditionFactory()
    EditionFactory(version=edition.version)
    check, payments, ledger = a_check(), SolutionFactory(), SolutionFactory()
    mapping = shown_by(edition, check)
    with at("2026-06-01"):
        find(check, payments, passed=1)
        assert rollup.roll_up() == 3
        assert rolled() == computed(edition.version, payments, ledger)
        assert rollup.roll_up() == 0
    with at("2026-06-02"):
        find(check, ledger, failed=1)
        assert rollup.roll_up() == 4
        assert rolled() == computed(edition.version, payments, ledger)
    with at("2026-06-03"):
        Mapping.objects.filter(pk=mapping.pk).update(state="withdrawn", ended_at=clock.now(), ended_by="test")
        rollup.roll_up()
        assert rolled() == computed(edition.version, payments, ledger) == {}
    spans = RequirementSpan.objects.of(None).order_by("valid_from").values_list("monitoring", "valid_from", "valid_to")
    assert list(spans) == [
        ("passing", moment("2026-06-01"), moment("2026-06-02")),
        ("partly_failing", moment("2026-06-02"), moment("2026-06-03")),
    ]


def test_it_is_done_when_something_moved_and_not_too_often() -> None:
    def done() -> int:
        before = RollUp.objects.count()
        follow_standings()
        return RollUp.objects.count() - before

    with time_machine.travel(datetime(2026, 6, 1, 12, tzinfo=UTC), tick=False) as traveller:
        edition = EditionFactory()
        shown_by(edition, a_check(passed=1))
        assert done() == 1
        shown_by(edition, a_check("S3.9", failed=1))
        assert done() == 0, "a bulk load of many windows is gathered"
        traveller.shift(timedelta(minutes=5))
        assert (done(), rolled()[edition.requirement_id, None]) == (1, "partly_failing")
        traveller.shift(timedelta(minutes=5))
        assert done() == 0, "nothing moved"
        traveller.shift(timedelta(hours=1))
        assert done() == 1, "a test may have grown stale"


@pytest.mark.parametrize("count", [1, 3])
def test_it_costs_the_same_for_any_number(count: int, django_assert_num_queries: Any) -> None:
    check = a_check(passed=1)
    for edition in EditionFactory.create_batch(count):
        shown_by(edition, check)
        SolutionFactory()
    rollup.roll_up()
    with django_assert_num_queries(21):
        rollup.roll_up()


def a_history() -> Any:
    """Fails from 10 to 12 June, and again from the 15th; known to roll-ups since the 8th."""
    edition = EditionFactory(label="AC-3")
    check = CheckFactory(key="S3.8")
    shown_by(edition, check)
    finding = FindingFactory(check_ran=check, since=moment("2026-06-15"))
    spans = (
        ("2026-06-01", "2026-06-10", "pass"),
        ("2026-06-10", "2026-06-12", "fail"),
        ("2026-06-12", "2026-06-15", "pass"),
    )
    for since, until, status in spans:
        told = {"since": moment(since), "until": moment(until)}
        FindingSpanFactory(finding=finding, status=Status(status), **told)
    return edition, check, finding


def test_a_framework_shows_its_fails_by_day_and_each_day_is_a_list(second_line: LoggedIn) -> None:
    edition = EditionFactory(label="AC-3")
    check = CheckFactory(key="S3.8")
    shown_by(edition, check)
    with at("2026-06-08"):
        find(check, passed=1)
        rollup.roll_up()
    with at("2026-06-10"):
        FindingFactory(check_ran=check, since=clock.now())
        counted()
        rollup.roll_up()
    with at("2026-06-12"):
        answer = second_line.get(f"{page_of(edition.version)}lately/")
        part = second_line.get(f"{page_of(edition.version)}lately/", headers={"HX-Request": "true"})
        assert part.content.decode().strip() in answer.content.decode()
        values = {point["at"].isoformat(): point["value"] for point in answer.context["points"]}
        assert [values[f"2026-06-{day:02}"] for day in range(7, 13)] == [None, 0, 0, 1, 1, 1]
        for point in answer.context["points"]:
            if point["value"] is not None:
                assert len(labels(second_line.get(point["url"]))) == point["value"], point
        ((change, what),) = answer.context["changes"]
        assert (what.label, change.was.value, change.is_.value) == ("AC-3", "passing", "partly_failing")
        assert "10 Jun 2026, 12:00" in words(second_line.get(f"{requirement_page(edition)}history/"))


def test_before_the_first_roll_up_no_day_is_kept(second_line: LoggedIn) -> None:
    answer = second_line.get(f"{page_of(EditionFactory().version)}lately/")
    assert "No day of it is kept yet" in words(answer)


def test_the_longest_failure_of_a_period_and_how_long_anything_failed(second_line: LoggedIn) -> None:
    edition, check, finding = a_history()
    other = FindingFactory(check_ran=check, status=Status.PASS)
    FindingSpanFactory(finding=other, status=Status.FAIL, since=moment("2026-06-11"), until=moment("2026-06-14"))
    with at("2026-06-20"):
        counted()
        page = f"{requirement_page(edition)}history/"
        period = second_line.get(page).context["period"]
        assert (period.longest, period.longest_of) == (timedelta(days=5), finding)
        assert period.failing == timedelta(days=9)
        part = second_line.get(page, headers={"HX-Request": "true"})
        assert part.content.decode().strip() in second_line.get(page).content.decode()
        narrow = second_line.get(f"{page}?from=2026-06-09&to=2026-06-13").context["period"]
        assert (narrow.longest_of, narrow.longest) == (
            other,
            timedelta(days=2, hours=11, minutes=59, seconds=59, microseconds=999999),
        )
        assert second_line.get(f"{page}?from=2026-06-13&to=2026-06-09").status_code == 400
        assert second_line.get(f"{page}?from=soon").status_code == 400


def test_unobserved_hours_are_those_of_places_that_could_not_be_spoken_for(second_line: LoggedIn) -> None:
    begin, end = moment("2026-06-01"), moment("2026-06-11")
    check = CheckFactory()
    for ended, again in (("2026-06-03", "2026-06-05"), ("2026-06-04", "2026-06-06")):
        scope = ScopeFactory(region=f"eu-west-{ended[-1]}")
        CoverageSpanFactory(
            scope=scope, state=CoverageState.FRESH, valid_from=begin - timedelta(days=9), valid_to=moment(ended)
        )
        CoverageSpanFactory(scope=scope, state=CoverageState.DENIED, valid_from=moment(ended), valid_to=moment(again))
        CoverageSpanFactory(scope=scope, state=CoverageState.FRESH, valid_from=moment(again))
    ScopeFactory(source=Source.CONFIG)
    period = period_figures(second_line.person, [check], begin, end)
    assert period.places == 2
    assert (period.unobserved, period.blind) == (timedelta(days=3), timedelta(days=1))
    assert period.share == pytest.approx(20.0)
    nothing = period_figures(second_line.person, [CheckFactory(source=Source.CONFIG)], begin, end)
    assert (nothing.unobserved, nothing.share) == (end - begin, 100.0)


def test_the_first_line_has_the_failures_of_its_own(log_in: LogIn) -> None:
    edition, check, _finding = a_history()
    mine = SolutionFactory()
    own = FindingFactory(check_ran=check, solutions=[mine], since=moment("2026-06-18"))
    with at("2026-06-20"):
        counted()
        answer = log_in(first_line=True, owns=[mine]).get(f"{requirement_page(edition)}history/")
    assert (answer.context["period"].longest_of, answer.context["period"].longest) == (own, timedelta(days=2))


def test_what_was_learnt_late_is_told_beside_what_was_known_then(second_line: LoggedIn) -> None:
    edition = EditionFactory(label="AC-3")
    check = CheckFactory(key="S3.8")
    shown_by(edition, check)
    finding = FindingFactory(check_ran=check, status=Status.PASS, since=moment("2026-06-01"))
    late = FindingFactory(check_ran=check, since=moment("2026-06-05"))
    late.spans.update(recorded_at=moment("2026-06-12"))
    with at("2026-06-20"):
        counted()
        query = "?as_of=2026-06-10T12:00"
        assert second_line.get(requirement_page(edition, query)).context["standing"].monitoring == "partly_failing"
        told = second_line.get(f"{requirement_page(edition)}history/{query}")
        restated = told.context["restated"]
        assert (restated.then.monitoring.value, restated.now.monitoring.value) == ("passing", "partly_failing")
        assert "What was learnt after 10 Jun 2026, 12:00 changes what is said of that moment" in words(told)
        known_then = f"{query}&known_at=2026-06-10T12:00"
        then = second_line.get(requirement_page(edition, known_then))
        assert title(then) == "AC-3 passes: the one part that shows it passes"
        assert second_line.get(f"{requirement_page(edition)}history/{known_then}").context["restated"] is None
        assert second_line.get(f"{requirement_page(edition)}history/?as_of=2026-06-15").context["restated"] is None
        fails = second_line.get(f"/findings/{query}&check={check.public_id}&status=fail")
        assert listed(fails) == [late.public_id] != [finding.public_id]


def test_a_control_shows_where_it_stood_over_time(second_line: LoggedIn, log_in: LogIn) -> None:
    payments, ledger = SolutionFactory(name="Payments"), SolutionFactory(name="Ledger")
    control, check = ControlFactory(name="Buckets are private"), CheckFactory(key="S3.8")
    satisfied_by(control, check)
    with at("2026-06-08"):
        find(check, payments, passed=1)
        rollup.roll_up()
    with at("2026-06-10"):
        FindingFactory(check_ran=check, since=clock.now(), solutions=[payments])
        counted()
        rollup.roll_up()
    with at("2026-06-12"):
        address = f"/controls/{control.public_id}/history/"
        page = second_line.get(f"{address}?from=2026-06-01&to=2026-06-12")
        part = second_line.get(f"{address}?from=2026-06-01&to=2026-06-12", headers={"HX-Request": "true"})
        assert part.content.decode().strip() in page.content.decode()
        assert [one["status"] for one in page.context["strip"]] == ["not_observed", "passing", "partly_failing"]
        assert page.context["since"] == moment("2026-06-10")
        assert page.context["period"].failing == timedelta(days=2)
        assert f'hx-get="{address}"' in second_line.get(f"/controls/{control.public_id}/").content.decode()
        owner = log_in(first_line=True, owns=[ledger])
        assert owner.get(address).context["strip"] == [], "a part of an estate has no roll-up of its own"
        assert [one["status"] for one in owner.get(f"{address}?solution={ledger.public_id}").context["strip"]] == [
            "not_observed", "not_observed",
        ]  # fmt: skip
        assert owner.get(f"{address}?solution={payments.public_id}").status_code == 404

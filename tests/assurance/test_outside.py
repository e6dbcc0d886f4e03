"""Auditors from outside: their engagement, its solutions and its period, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assurance.models import ControlTest, Sample
from audit import clock
from organisation.models import Grant, User
from tests.assurance.people import Story, a_story, noon
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.assurance import (
    AuditFindingFactory,
    ControlTestFactory,
    EngagementFactory,
    SampleFactory,
    TeamMemberFactory,
)
from tests.factories.controls import ControlFactory
from tests.factories.evidence import EvidenceFactory, EvidenceRequestFactory
from tests.factories.findings import FindingFactory, FindingSpanFactory
from tests.factories.risks import RiskFactory
from tests.findings_pages.reading_pages import counted, title, words

pytestmark = pytest.mark.django_db
PERIOD = {"about_from": noon("2026-01-01"), "about_to": noon("2026-03-31")}
TODAY = "2026-05-04"


@pytest.fixture
def story() -> Story:
    """Done from outside, about January to March."""
    return a_story(outside=True, access_until=noon("2030-01-01"), **PERIOD)


def joins(story: Story, name: str = "Eve") -> User:
    """Somebody from outside on its team, with the grants that this brings."""
    eve: User = UserFactory(name=name, external=True)
    TeamMemberFactory(engagement=story.engagement, person=eve)
    about = {"about_from": story.engagement.about_from, "about_to": story.engagement.about_to}
    reason = f"{story.engagement.public_id}: {story.engagement.title}"
    GrantFactory(person=eve, solution=story.payments, kind=Grant.Kind.ASSURANCE, reason=reason, **about)
    return eve


@pytest.fixture
def eve(log_in: LogIn, story: Story) -> LoggedIn:
    return log_in(joins(story))


def test_now_is_the_end_of_what_they_audit_and_a_band_says_so(eve: LoggedIn, story: Story) -> None:
    then = FindingFactory(solutions=[story.payments], since=noon("2026-02-01"))
    later = FindingFactory(solutions=[story.payments], since=noon("2026-04-15"))
    FindingSpanFactory(finding=then, since=noon("2025-06-01"), until=noon("2025-07-01"))
    counted()
    with at(TODAY):
        page = eve.get("/findings/")
        assert "You audit 1 Jan 2026 to 31 Mar 2026. As of 31 Mar 2026, 12:00." in words(page).replace(" .", ".")
        assert then.public_id in page.content.decode()
        assert later.public_id not in page.content.decode()
        assert eve.get(f"/findings/{then.public_id}/").status_code == 200
        assert eve.get(f"/findings/{later.public_id}/").status_code == 404
        assert eve.get(f"/api/v1/findings/{later.public_id}/").status_code == 404
        history = eve.get(f"/api/v1/findings/{then.public_id}/").json()["history"]
        assert [one["valid_from"][:10] for one in history] == ["2026-02-01"]
        assert [one["id"] for one in eve.get("/api/v1/findings/").json()["results"]] == [then.public_id]


@pytest.mark.parametrize("asked", ["2025-12-01", "2026-04-01", "2026-05-01T10:00"])
@pytest.mark.parametrize("path", ["/", "/findings/", "/controls/", "/risks/", "/api/v1/findings/"])
def test_a_moment_outside_their_period_is_refused_in_words(eve: LoggedIn, path: str, asked: str) -> None:
    with at(TODAY):
        answer = eve.get(f"{path}?as_of={asked}")
    assert answer.status_code == 403
    assert "You audit 1 Jan 2026 to 31 Mar 2026, and may look at that period only." in answer.content.decode()


def test_a_moment_inside_their_period_is_open(eve: LoggedIn) -> None:
    with at(TODAY):
        page = eve.get("/findings/?as_of=2026-02-01")
    assert "You audit 1 Jan 2026 to 31 Mar 2026. As of 1 Feb 2026" in words(page).replace(" .", ".")


def test_before_their_period_begins_nothing_is_open(log_in: LogIn) -> None:
    story = a_story(
        outside=True, access_until=noon("2030-01-01"), about_from=noon("2027-01-01"), about_to=noon("2027-02-01")
    )
    eve = log_in(joins(story))
    with at(TODAY):
        assert eve.get("/findings/").status_code == 403
        assert eve.get("/assurance/").status_code == 200


def test_everybody_else_looks_at_any_moment(log_in: LogIn) -> None:
    with at(TODAY):
        for line in ("first_line", "second_line", "third_line"):
            assert log_in(**{line: True}).get("/findings/?as_of=2025-12-01").status_code == 200


def test_lists_stay_within_the_solutions_of_the_engagement(eve: LoggedIn, story: Story) -> None:
    other = SolutionFactory(name="Portal")
    mine, theirs = (FindingFactory(solutions=[one], since=noon("2026-02-01")) for one in (story.payments, other))
    controls = [ControlFactory(name=f"Of {one.name}", solution=one) for one in (story.payments, other)]
    risks = [RiskFactory(title=f"At {one.name}", solution=one) for one in (story.payments, other)]
    counted()
    with at(TODAY):
        assert [one["id"] for one in eve.get("/api/v1/findings/").json()["results"]] == [mine.public_id]
        assert eve.get(f"/findings/{theirs.public_id}/").status_code == 404
        for page, named in (("/controls/", "Of"), ("/risks/", "At")):
            said = words(eve.get(page))
            assert f"{named} Portal" not in said
        assert eve.get(f"/controls/{controls[1].public_id}/").status_code == 404
        assert eve.get(f"/risks/{risks[1].public_id}/").status_code == 404
        assert eve.get("/audit/trail/").status_code == 403


def test_they_see_nothing_of_internal_engagements_and_their_drafts(eve: LoggedIn, story: Story) -> None:
    internal = EngagementFactory(title="Internal audit", of=[story.payments])
    issued = AuditFindingFactory(engagement=internal, solution=story.payments)
    with at(TODAY):
        assert "Internal audit" not in words(eve.get("/assurance/"))
        assert eve.get(f"/assurance/{internal.public_id}/").status_code == 404
        assert eve.get(f"/assurance/findings/{issued.public_id}/").status_code == 404
        assert eve.get(f"/api/v1/engagements/{internal.public_id}/").status_code == 404
    test = ControlTestFactory(engagement=internal, reviewed=True)
    sample = SampleFactory(population__test=test, issued=True)
    assert not ControlTest.objects.visible_to(eve.person).filter(pk=test.pk).exists()
    assert not Sample.objects.visible_to(eve.person).filter(pk=sample.pk).exists()


def test_they_see_no_internal_requests_and_no_evidence_of_other_periods(eve: LoggedIn, story: Story) -> None:
    internal = EvidenceRequestFactory(solution=story.payments)
    outside = EvidenceRequestFactory(solution=story.payments, from_outside=True)
    rows = type(internal).objects.visible_to(eve.person)
    assert list(rows) == [outside]
    then = EvidenceFactory(solution=story.payments, captured_at=noon("2026-03-01"))
    EvidenceFactory(solution=story.payments, captured_at=noon("2026-05-01"), effective_from=noon("2026-04-20"))
    EvidenceFactory(solution=story.payments, captured_at=noon("2026-03-01"), confidentiality="restricted")
    assert list(type(then).objects.visible_to(eve.person)) == [then]


def test_their_engagement_is_worked_on_after_the_period(eve: LoggedIn, story: Story) -> None:
    with at(TODAY):
        page = eve.get(f"/assurance/{story.engagement.public_id}/")
    assert title(page) == "Access audit: no test is planned yet, no finding issued"
    assert "You audit" not in words(page)


def test_with_their_last_day_everything_ends(log_in: LogIn) -> None:
    story = a_story(outside=True, **PERIOD)
    eve = log_in(joins(story))
    url = f"/assurance/{story.engagement.public_id}/"
    assert eve.get(url).status_code == 200
    ended = clock.now() - timedelta(minutes=1)
    eve.person.engagements.update(valid_to=ended)
    eve.person.grants.update(valid_to=ended)
    assert eve.get(url).status_code == 404
    assert "No engagement is open to you" in words(eve.get("/"))


@pytest.mark.parametrize("line", ["first_line", "second_line", "third_line", "external", "administrator"])
def test_samples_that_are_not_issued_are_the_teams_alone(log_in: LogIn, story: Story, line: str) -> None:
    sample = SampleFactory(population__test__engagement=story.engagement)
    person: Any = UserFactory(**{line: True})
    GrantFactory(person=person, solution=story.payments)
    assert not Sample.objects.visible_to(person).exists()
    assert list(Sample.objects.visible_to(story.jo)) == [sample]

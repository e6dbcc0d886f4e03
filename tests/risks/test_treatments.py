"""Treatments: planned, done, proposed for closing by one and confirmed by another, and open again when they fail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from audit import clock
from findings.models import CoverageState, Status
from organisation.models import User
from risks import treatment_closing
from risks.awaiting_decisions import awaiting
from risks.challenging import level_challenged
from risks.models import Treatment, TreatmentAction
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, UserFactory
from tests.factories.findings import ScopeFactory
from tests.factories.risks import (
    AssessmentFactory,
    ChallengeFactory,
    RiskFactory,
    TreatmentActionFactory,
    TreatmentCheckFactory,
    TreatmentFactory,
)
from tests.findings_pages.reading_pages import title, words
from tests.risks.exceptions import Story, a_story, passes, turns

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return a_story()


def a_mitigation(story: Story, **said: Any) -> Treatment:
    """Ana's, of a risk of Ben's, done once the story's check has passed for 14 days."""
    risk = RiskFactory(solution=story.solution, owner=story.ben)
    made: Treatment = TreatmentFactory(risk=risk, owner=story.ana, **said)
    TreatmentCheckFactory(treatment=made, check_ran=story.check)
    return made


def test_an_engineer_plans_a_treatment_with_actions(log_in: LogIn, story: Story) -> None:
    risk, ana = RiskFactory(solution=story.solution, owner=story.ben), log_in(story.ana)
    said = {"strategy": "mitigate", "plan": "Roles for keys", "owner": story.ana.pk, "hold_days": 7}
    ana.post(f"/risks/treatments/of/{risk.public_id}/add/", {**said, "checks": [story.check.pk]})
    made = Treatment.objects.get()
    assert [(one.check_ran, one.account) for one in made.checks.all()] == [(story.check, "")]
    page = f"/risks/treatments/{made.public_id}/"
    day = clock.now().date() + timedelta(days=3)
    ana.post(f"{page}actions/add/", {"what": "Replace key 1", "owner": story.ben.pk, "due_on": day})
    action = TreatmentAction.objects.get()
    assert [(one.kind, one.title, one.why) for one in awaiting(story.ben, clock.now())] == [
        ("action", "Replace key 1", "Due soon")
    ]
    move = f"/risks/treatments/actions/{action.public_id}/move/"
    refused = ana.post(move, {"state": "dropped", "because": "", "version": action.version})
    assert refused.context["form"].errors["because"] == ["Say why: it goes on the record."]
    ana.post(move, {"state": "done", "because": "", "version": action.version})
    assert "1 of 1 actions done" in words(ana.get(page))
    again = ana.post(move, {"state": "to_do", "because": "Not quite", "version": action.version + 1}, follow=True)
    assert "0 of 1 actions done" in words(again)


def test_what_somebody_saved_meanwhile_is_not_overwritten(log_in: LogIn, story: Story) -> None:
    made, ana = a_mitigation(story), log_in(story.ana)
    said = {"strategy": "mitigate", "plan": "New", "owner": story.ana.pk, "hold_days": 7, "because": "Better"}
    url = f"/risks/treatments/{made.public_id}/change/"
    assert ana.post(url, {**said, "version": 1}).status_code == 302
    answer = ana.post(url, {**said, "plan": "Other", "version": 1})
    assert "Somebody saved it since you opened it" in words(answer)
    assert Treatment.objects.get().plan == "New"


def test_a_stranger_has_no_part_in_it(log_in: LogIn, story: Story) -> None:
    made = a_mitigation(story)
    assert log_in(first_line=True).get(f"/risks/treatments/{made.public_id}/").status_code == 404
    external = log_in(external=True)
    GrantFactory(person=external.person, solution=story.solution)
    assert external.get(f"/risks/treatments/{made.public_id}/change/").status_code == 403


def test_the_portal_proposes_to_close_what_has_held(log_in: LogIn, story: Story) -> None:
    made, begun = a_mitigation(story), clock.now()
    for one in story.findings:
        passes(one, begun)
    with time_machine.travel(begun + timedelta(days=13)):
        assert treatment_closing.follow(clock.now()) == 0
    with time_machine.travel(begun + timedelta(days=14, minutes=1)):
        assert treatment_closing.follow(clock.now()) == 1
        made.refresh_from_db()
        assert (made.closure_proposed_by, made.closed_at) == (None, None)
        assert [one.why for one in awaiting(story.ben, clock.now())] == ["Confirm that it is done, or send it back"]
        close = f"/risks/treatments/{made.public_id}/close/"
        own = log_in(story.ana).post(close, {"reason": "Done"}, follow=True)
        assert "It is yours: another person confirms. Those who may: Ben." in words(own)
        done = log_in(story.ben).post(close, {"reason": "Done"}, follow=True)
        assert title(done).endswith("closed")
        made.refresh_from_db()
        assert made.closed_by == story.ben
    with time_machine.travel(begun + timedelta(days=20)):
        turns(story.findings[0], Status.FAIL, clock.now())
        assert treatment_closing.follow(clock.now()) == 1
    made.refresh_from_db()
    assert (made.closed_at, made.closure_proposed_at) == (None, None)


@pytest.mark.parametrize("what", ["unknown", "nothing", "stale"])
def test_what_is_unknown_or_not_observed_does_not_pass(story: Story, what: str) -> None:
    made, begun = a_mitigation(story), clock.now()
    for one in story.findings:
        passes(one, begun)
    if what == "unknown":
        turns(story.findings[0], Status.UNKNOWN, begun + timedelta(seconds=1))
    if what == "nothing":
        made.checks.update(account="999999999999")
    if what == "stale":
        for one in story.findings:
            ScopeFactory(connection=one.connection, account=one.account, region=one.region, state=CoverageState.STALE)
    with time_machine.travel(begun + timedelta(days=30)):
        assert treatment_closing.follow(clock.now()) == 0
    made.refresh_from_db()
    assert made.closure_proposed_at is None


def test_who_proposes_does_not_confirm_and_an_open_challenge_blocks(log_in: LogIn, story: Story) -> None:
    made, ben, cleo = a_mitigation(story), log_in(story.ben), log_in(story.cleo)
    page = f"/risks/treatments/{made.public_id}/"
    ben.post(f"{page}propose-closure/", {"reason": "Keys are gone"})
    assert "You proposed it. Those who may confirm:" in words(ben.post(f"{page}close/", {"reason": "x"}, follow=True))
    cleo.post(f"{page}challenge/", {"because": "Two keys are left"})
    challenge = made.challenges.get()
    dora = log_in(UserFactory(name="Dora", first_line=True))
    GrantFactory(person=dora.person, solution=story.solution)
    blocked = dora.post(f"{page}close/", {"reason": "x"})
    assert f"Open challenges stand against it: {challenge.public_id}." in words(blocked)
    door = f"/risks/challenges/{challenge.public_id}/"
    early = cleo.post(f"{door}settle/", {"outcome": "upheld", "because": "x"})
    assert early.status_code == 422
    ben.post(f"{door}answer/", {"answer": "They are disabled"})
    assert title(ben.get(door)) == f"Closure of {made.public_id} challenged: answered, to be settled"
    cleo.post(f"{door}settle/", {"outcome": "upheld", "because": "Disabled is not gone"})
    made.refresh_from_db()
    assert (made.closure_proposed_at, made.closed_at) == (None, None)


def test_the_list_says_how_far_each_is(log_in: LogIn, story: Story) -> None:
    made = a_mitigation(story)
    late = clock.now().date() - timedelta(days=2)
    TreatmentActionFactory(treatment=made, due_on=late)
    page = log_in(story.ana).get("/risks/treatments/")
    assert title(page) == "1 treatment: 1 with overdue actions"
    assert "0 of 1 done" in words(page)
    browser = log_in(story.ana)
    assert [len(browser.get(f"/risks/treatments/?{one}").context["page"].rows) for one in (
        "overdue=yes", "mine=yes", "state=closed", "strategy=avoid", "q=roles",
    )] == [1, 1, 0, 0, 1]  # fmt: skip


@pytest.mark.parametrize("count", [1, 3])
def test_the_lists_cost_the_same_for_any_number(log_in: LogIn, count: int, django_assert_max_num_queries: Any) -> None:

    browser: LoggedIn = log_in(second_line=True)
    TreatmentActionFactory.create_batch(count)
    ChallengeFactory.create_batch(count)
    for url in ("/risks/treatments/", "/risks/challenges/"):
        browser.get(url)
        with django_assert_max_num_queries(16):
            assert len(browser.get(url).context["page"].rows) == count


def test_an_assessment_is_challenged_until_a_newer_one_is_confirmed(log_in: LogIn, story: Story) -> None:

    risk = RiskFactory(solution=story.solution, owner=story.ben)
    stated, cleo = AssessmentFactory(risk=risk), log_in(story.cleo)
    cleo.post(f"/risks/challenges/of-level/{stated.public_id}/", {"because": "Two of its controls fail"})
    challenge = risk.challenges.get()
    assert level_challenged(risk, clock.now()) == challenge
    door = f"/risks/challenges/{challenge.public_id}/"
    stranger: User = story.cleo
    assert log_in(stranger).post(f"{door}answer/", {"answer": "x"}).status_code == 403
    log_in(story.ana).post(f"{door}answer/", {"answer": "They are compensated"})
    cleo.post(f"{door}settle/", {"outcome": "upheld", "because": "Not enough"})
    assert level_challenged(risk, clock.now()) == challenge
    at = clock.now()
    AssessmentFactory(risk=risk, proposed_at=at, confirmed_at=at)
    assert level_challenged(risk, clock.now()) is None

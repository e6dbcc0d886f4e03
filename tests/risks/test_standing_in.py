"""Who stands in for the owner of a risk: what they see, do and never do, and how it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.models import TrailEntry
from risks.models import Assessment, Challenge, RiskException
from tests.clock import after
from tests.conftest import LoggedIn, LogIn, Program
from tests.factories import DelegationFactory, GrantFactory, UserFactory
from tests.factories.findings import CheckFactory, FindingFactory
from tests.factories.risks import (
    AssessmentFactory,
    AuthorityFactory,
    ChallengeFactory,
    RiskExceptionFactory,
    RiskFactory,
    TreatmentActionFactory,
    TreatmentFactory,
)
from tests.findings_pages.reading_pages import counted, words
from tests.risks.people import World, a_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    """Dee, who has no part in Payments, stands in for Ana, who owns its risk."""
    made = a_world()
    DelegationFactory(delegator=made.ana, delegate=made.dee)
    return made


def page(world: World, *more: str) -> str:
    return "/".join(["/risks", world.risk.public_id, *more]) + "/"


def items(browser: LoggedIn) -> dict[str, str]:
    """By key, the name of whom they stand in for with it."""
    return {one.key: one.of for one in browser.get("/my-items/").context["page"].rows}


def test_they_change_it_and_the_trail_says_for_whom(log_in: LogIn, world: World) -> None:
    dee = log_in(world.dee)
    dee.post(page(world, "review"), {"next_on": _day(90), "because": "Nothing new"})
    entry = TrailEntry.objects.get(action="risk.reviewed")
    assert (entry.actor, entry.detail["for"], entry.who) == (world.dee.public_id, world.ana.public_id, "Dee for Ana")
    assert "Dee for Ana" in words(log_in(world.ana).get(page(world)))
    theo = log_in(third_line=True)
    assert "Dee for Ana" in words(theo.get(f"/audit/trail/{entry.pk}/"))


def _day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def test_what_is_theirs_in_their_own_right_is_not_for_anybody(log_in: LogIn, world: World) -> None:
    GrantFactory(person=world.dee, solution=world.payments)
    log_in(world.dee).post(page(world, "review"), {"next_on": _day(90), "because": "Nothing new"})
    assert "for" not in TrailEntry.objects.get(action="risk.reviewed").detail


def test_once_it_is_over_they_see_it_no_longer(log_in: LogIn, world: World) -> None:
    assert log_in(world.dee).get(page(world)).status_code == 200
    with after(days=31):
        assert log_in(world.dee).get(page(world)).status_code == 404


def test_the_risks_page_says_that_its_owner_is_away(log_in: LogIn, world: World) -> None:
    assert "Ana is away until" in words(log_in(world.ines).get(page(world)))
    assert "Dee stands in" in words(log_in(world.ines).get(page(world)))


def test_the_page_says_that_it_awaits_them_for_its_owner(log_in: LogIn, world: World) -> None:
    AssessmentFactory(risk=world.risk, waiting=True, proposed_by=world.cleo)
    waits = "confirm the proposed current level"
    assert log_in(world.dee).get(page(world)).context["awaits"] == f"Awaits you, for Ana: {waits}"
    assert log_in(world.ana).get(page(world)).context["awaits"] == f"Awaits you: {waits}"
    assert log_in(world.ines).get(page(world)).context["awaits"] == f"Awaits Ana, Ben: {waits}"


def test_but_not_where_they_may_not_because_they_did_it(log_in: LogIn, world: World) -> None:
    AssessmentFactory(risk=world.risk, waiting=True, proposed_by=world.dee)
    told = log_in(world.dee).get(page(world)).context
    assert (told["awaits"], told["primary"]) == ("Awaits Ana, Ben: confirm the proposed current level", "")


def test_what_awaits_the_owner_awaits_them_and_says_for_whom(log_in: LogIn, world: World) -> None:
    own = RiskFactory(title="Own", owner=world.dee, review_on=_day(3))
    world.risk.review_on = _day(3)
    world.risk.save()
    treatment = TreatmentFactory(risk=world.risk, owner=world.ana)
    action = TreatmentActionFactory(treatment=treatment, owner=world.ana, due_on=_day(3))
    level = AssessmentFactory(risk=world.risk, waiting=True, proposed_by=world.cleo)
    challenge = ChallengeFactory(assessment=level)
    asked = RiskExceptionFactory(solution=world.payments, asked_by=world.ana, state=RiskException.State.CHALLENGED)
    assert items(log_in(world.dee)) == {
        f"review-{own.public_id}": "",
        f"review-{world.risk.public_id}": "Ana",
        f"level-{world.risk.public_id}": "Ana",
        f"action-{action.public_id}": "Ana",
        f"challenge-{challenge.public_id}": "Ana",
        f"exception-{asked.public_id}": "Ana",
    }
    rows = Program(world.dee).get("/api/v1/items/").json()["results"]
    assert {one["stands_in_for"] for one in rows} == {"", "Ana"}
    assert {one["mover"] for one in rows} == {"you", "you, for Ana"}


def test_groups_of_the_delegators_solutions_stand_there_too(log_in: LogIn, world: World) -> None:
    DelegationFactory(delegator=world.ben, delegate=world.dee)
    check = CheckFactory(key="EC2.8")
    FindingFactory(check_ran=check, solutions=[world.payments], account="111122223333")
    counted()
    key = f"{check.public_id}-111122223333-{world.payments.public_id}"
    dee = log_in(world.dee)
    assert items(dee)[key] == "Ben"
    assert "for Ben" in words(dee.get("/my-items/"))
    dee.post(f"/my-items/groups/{key}/", {"status": "doing"}, headers={"HX-Request": "true"})
    assert TrailEntry.objects.get(action="triage.changed").who == "Dee for Ben"


def test_neither_hand_confirms_what_the_other_proposed(log_in: LogIn, world: World) -> None:
    log_in(world.ana).post(page(world, "close"), {"reason": "The keys are gone"})
    answer = log_in(world.dee).post(page(world, "close", "confirm"), follow=True)
    assert "You proposed it, or stand in for who did, so another person confirms: Ben." in words(answer)
    assert not any(key.startswith("closing-") for key in items(log_in(world.dee)))
    assert any(key.startswith("closing-") for key in items(log_in(world.ben)))
    world.risk.refresh_from_db()
    assert world.risk.closed_at is None


def test_what_they_proposed_meanwhile_is_not_confirmed_by_who_is_back(log_in: LogIn, world: World) -> None:
    log_in(world.dee).post(page(world, "close"), {"reason": "The keys are gone"})
    world.risk.refresh_from_db()
    assert world.risk.closure_proposed_by == world.dee
    with after(days=40):
        answer = log_in(world.ana).post(page(world, "close", "confirm"), follow=True)
        assert "You proposed it, or stand in for who did" in words(answer)
        log_in(world.ben).post(page(world, "close", "confirm"))
    world.risk.refresh_from_db()
    assert world.risk.closed_by == world.ben


def test_a_level_that_they_proposed_is_not_confirmed_by_them_for_the_owner(log_in: LogIn, world: World) -> None:
    GrantFactory(person=world.dee, solution=world.payments)
    proposed = AssessmentFactory(risk=world.risk, waiting=True, proposed_by=world.dee)
    confirm = page(world, "levels", proposed.public_id, "confirm")
    assert "You proposed it: somebody else" in words(log_in(world.dee).post(confirm, follow=True))
    other = AssessmentFactory(risk=world.risk, kind="inherent", waiting=True, proposed_by=world.cleo)
    log_in(world.dee).post(page(world, "levels", other.public_id, "confirm"))
    assert list(Assessment.objects.exclude(confirmed_at=None)) == [other]
    assert TrailEntry.objects.get(action="risk.level_confirmed").who == "Dee for Ana"


def an_exception(world: World, **said: Any) -> RiskException:
    return RiskExceptionFactory(**{"solution": world.payments, "asked_by": world.ana, **said})


def post(browser: LoggedIn, found: RiskException, verb: str, **said: Any) -> Any:
    url = f"/risks/exceptions/{found.public_id}/{verb}/"
    return browser.post(url, {"version": found.version, "because": "Because", **said}, follow=True)


def test_authority_is_not_lent(log_in: LogIn, world: World) -> None:
    """Ben may accept. Who stands in for him may not, unless the authority is theirs."""
    DelegationFactory(delegator=world.ben, delegate=world.cleo)
    AuthorityFactory(person=world.ben)
    asked = an_exception(world, asked_by=UserFactory(first_line=True))
    assert "Your authority does not reach" in words(post(log_in(world.cleo), asked, "accept"))
    AuthorityFactory(person=world.cleo)
    post(log_in(world.cleo), asked, "accept")
    asked.refresh_from_db()
    assert (asked.state, asked.accepted_by) == ("accepted", world.cleo)


def test_who_stands_in_for_the_asker_does_not_accept(log_in: LogIn, world: World) -> None:
    AuthorityFactory(person=world.dee)
    asked = an_exception(world)
    assert f"exception-{asked.public_id}" not in items(log_in(world.dee))
    assert "Nobody accepts what they asked for." in words(post(log_in(world.dee), asked, "accept"))
    post(log_in(world.dee), asked, "withdraw")
    asked.refresh_from_db()
    assert asked.state == "withdrawn"
    assert TrailEntry.objects.get(action="exception.withdrawn").who == "Dee for Ana"


def test_a_challenge_is_answered_for_who_is_away(log_in: LogIn, world: World) -> None:
    level = AssessmentFactory(risk=world.risk)
    challenge = ChallengeFactory(assessment=level, raised_by=world.ines)
    log_in(world.dee).post(f"/risks/challenges/{challenge.public_id}/answer/", {"answer": "It is so"})
    assert Challenge.objects.get().answered_by == world.dee
    assert TrailEntry.objects.get(action="challenge.answered").who == "Dee for Ana"


def test_whoever_owns_the_treatment_or_stands_in_does_not_confirm_it(log_in: LogIn, world: World) -> None:
    treatment = TreatmentFactory(
        risk=world.risk, owner=world.cleo, closure_proposed_at=datetime.now(UTC), closure_because="Done"
    )
    DelegationFactory(delegator=world.cleo, delegate=world.ben)
    close = f"/risks/treatments/{treatment.public_id}/close/"
    assert "It is yours: another person confirms." in words(log_in(world.ben).post(close, follow=True))
    log_in(world.dee).post(close, {"reason": "Seen"})
    treatment.refresh_from_db()
    assert treatment.closed_by == world.dee


def test_the_other_line_gets_nothing(log_in: LogIn, world: World) -> None:
    """Whoever stands in for somebody of the second line asks, challenges and settles as they did before."""
    kim = UserFactory(name="Kim", second_line=True)
    DelegationFactory(delegator=world.ines, delegate=kim, line="second")
    assert log_in(kim).post(page(world, "review"), {"next_on": _day(9), "because": "x"}).status_code == 403

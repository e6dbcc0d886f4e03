"""An attempt to decide on one's own work is refused, kept on the trail and told to the second line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from audit import clock
from audit.models import TrailEntry
from desk.models import Notice
from organisation.models import RoleAssignment, User
from risks.models import RiskException
from tests.assurance.people import a_story as an_audit
from tests.clock import at
from tests.conftest import LoggedIn, LogIn, Program
from tests.evidence.asking import Story as EvidenceStory
from tests.evidence.asking import post as settle
from tests.factories import DelegationFactory, GrantFactory, UserFactory
from tests.factories.assurance import (
    AuditFindingFactory,
    ControlTestFactory,
    EngagementFactory,
    TeamMemberFactory,
)
from tests.factories.controls import FrameworkVersionFactory, MappingFactory
from tests.factories.risks import AuthorityFactory, RiskExceptionFactory, TreatmentFactory
from tests.findings_pages.reading_pages import words
from tests.risks.people import World, a_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def overseer() -> User:
    return UserFactory(name="Otto", second_line=True)


def reported(person: User, tried: str, subject: Any, overseer: User) -> TrailEntry:
    """The one entry about it, of which the overseer was told once."""
    entry = TrailEntry.objects.get(action="own_work.refused")
    assert (entry.actor, entry.object_id, entry.detail["tried"]) == (person.public_id, subject.public_id, tried)
    assert entry.detail["because"]
    (notice,) = Notice.objects.filter(person=overseer, kind="own_work")
    assert notice.text == (
        f"{person.name} tried to decide on their own work, and was refused: {subject.public_id}, {tried}"
    )
    assert not Notice.objects.filter(person=person, kind="own_work").exists()
    assert opens(overseer, notice)
    return entry


def opens(reader: User, notice: Notice) -> bool:
    """Whether the page that the notice leads to is there for its reader."""
    browser = Client()
    browser.force_login(reader)
    return bool(notice.url) and browser.get(notice.url).status_code == 200


def move(browser: LoggedIn, found: RiskException, verb: str) -> Any:
    said = {"version": found.version, "because": "Because"}
    return browser.post(f"/risks/exceptions/{found.public_id}/{verb}/", said, follow=True)


def an_exception(**said: Any) -> tuple[World, RiskException]:
    world = a_world()
    AuthorityFactory(person=world.ana)
    return world, RiskExceptionFactory(**{"solution": world.payments, "asked_by": world.ana, **said})


def test_who_asked_for_an_exception_tries_to_accept_it(log_in: LogIn, overseer: User) -> None:
    world, asked = an_exception()
    assert "Nobody accepts what they asked for." in words(move(log_in(world.ana), asked, "accept"))
    reported(world.ana, "exception.accepted", asked, overseer)
    asked.refresh_from_db()
    assert asked.state == "asked"


def test_looking_is_no_attempt(log_in: LogIn, overseer: User) -> None:
    world, asked = an_exception()
    browser = log_in(world.ana)
    browser.get(f"/risks/exceptions/{asked.public_id}/accept/")
    browser.get(f"/risks/exceptions/{asked.public_id}/")
    assert not TrailEntry.objects.filter(action="own_work.refused").exists()


def test_nor_is_an_act_that_is_refused_for_another_reason(log_in: LogIn, overseer: User) -> None:
    world, asked = an_exception()
    move(log_in(world.cleo), asked, "accept")
    assert not TrailEntry.objects.filter(action="own_work.refused").exists()


def test_a_program_tries_it_by_the_api(overseer: User) -> None:
    world = a_world()
    treatment = TreatmentFactory(
        risk=world.risk, owner=world.cleo, closure_proposed_at=clock.now(), closure_because="Done"
    )
    program = Program(world.cleo, writes=True)
    url = f"/api/v1/treatments/{treatment.public_id}/close/"
    answer = program.post(url, {"because": "Done"}, content_type="application/json")
    assert answer.status_code == 400
    entry = reported(world.cleo, "treatment.closed", treatment, overseer)
    assert entry.detail["by_token"] == program.token.public_id


def test_who_asked_as_one_of_the_first_line_tries_to_concur_from_the_second(log_in: LogIn, overseer: User) -> None:
    world, asked = an_exception(accepted=True)
    RoleAssignment.objects.filter(person=world.ana).update(role="second")
    assert "somebody else of the second line concurs" in words(move(log_in(world.ana), asked, "concur"))
    reported(world.ana, "exception.concurred", asked, overseer)


def test_who_proposed_to_close_a_risk_tries_to_confirm_it(log_in: LogIn, overseer: User) -> None:
    world = a_world()
    ana = log_in(world.ana)
    ana.post(f"/risks/{world.risk.public_id}/close/", {"reason": "The keys are gone"})
    ana.post(f"/risks/{world.risk.public_id}/close/confirm/")
    ana.post(f"/risks/{world.risk.public_id}/close/confirm/")
    assert TrailEntry.objects.filter(action="own_work.refused").count() == 2
    (notice,) = Notice.objects.filter(person=overseer, kind="own_work")
    assert notice.url == f"/risks/{world.risk.public_id}/"


def test_standing_in_for_who_proposed_it_is_the_same(log_in: LogIn, overseer: User) -> None:
    world = a_world()
    log_in(world.ana).post(f"/risks/{world.risk.public_id}/close/", {"reason": "The keys are gone"})
    DelegationFactory(delegator=world.ana, delegate=world.cleo)
    log_in(world.cleo).post(f"/risks/{world.risk.public_id}/close/confirm/")
    entry = reported(world.cleo, "risk.closed", world.risk, overseer)
    assert entry.detail["standing_in_for"] == [world.ana.public_id]
    world.risk.refresh_from_db()
    assert world.risk.closed_at is None


def test_who_proposed_a_mapping_tries_to_approve_it(log_in: LogIn, overseer: User) -> None:
    sam = log_in(UserFactory(name="Sam", second_line=True))
    found = MappingFactory(proposed_by=sam.person.public_id)
    sam.post(f"/frameworks/mappings/{found.public_id}/decide/", {"action": "approve", "because": "Mine"})
    reported(sam.person, "mapping.approved", found, overseer)
    found.refresh_from_db()
    assert found.state == "proposed"


def test_who_stands_in_for_the_proposer_of_a_mapping_leaves_it_too(log_in: LogIn, overseer: User) -> None:
    sam, kim = UserFactory(name="Sam", second_line=True), UserFactory(name="Kim", second_line=True)
    found = MappingFactory(proposed_by=sam.public_id, proposed_at=datetime.now(UTC))
    DelegationFactory(delegator=sam, delegate=kim, line="second")
    browser = log_in(kim)
    url = f"/frameworks/mappings/{found.public_id}/"
    assert not browser.get(url).context["approves"]
    browser.post(f"{url}decide/", {"action": "approve", "because": "For Sam"})
    reported(kim, "mapping.approved", found, overseer)


def test_who_answered_a_request_tries_to_accept_the_answer(log_in: LogIn, overseer: User) -> None:
    story = EvidenceStory()
    asked = story.asked(asked_by=overseer, assignee=story.ines)
    ines = log_in(story.ines)
    settle(ines, asked, "answer", words="All of them")
    assert "You answered it" in words(settle(ines, asked, "accept"))
    reported(story.ines, "evidence_request.accepted", asked, overseer)
    asked.refresh_from_db()
    assert asked.state == "answered"


def test_who_stands_in_for_the_answerer_does_not_accept_either(log_in: LogIn, overseer: User) -> None:
    story, kim = EvidenceStory(), UserFactory(name="Kim", second_line=True)
    asked = story.asked(asked_by=overseer, assignee=story.ines)
    settle(log_in(story.ines), asked, "answer", words="All of them")
    DelegationFactory(delegator=story.ines, delegate=kim, line="second")
    settle(log_in(kim), asked, "accept")
    reported(kim, "evidence_request.accepted", asked, overseer)


def test_who_prepared_a_working_paper_tries_to_review_it(log_in: LogIn, overseer: User) -> None:
    with at("2026-03-31"):
        story = an_audit()
        paper = ControlTestFactory(
            engagement=story.engagement, state="concluded", conclusion="effective", because="All of it",
            prepared_by=story.ida, prepared_at=datetime.now(UTC),
        )  # fmt: skip
        browser = log_in(story.ida)
        answer = browser.post(f"/assurance/tests/{paper.public_id}/review/", {"version": paper.version}, follow=True)
        assert "You prepared it" in words(answer)
    reported(story.ida, "control_test.reviewed", paper, overseer)


def test_who_answers_for_an_audit_finding_tries_to_close_it(log_in: LogIn, overseer: User) -> None:
    with at("2026-03-31"):
        story = an_audit()
        found = AuditFindingFactory(
            engagement=story.engagement, solution=story.payments, owner=story.kai, state="responded"
        )
        url = f"/assurance/findings/{found.public_id}/agree/"
        log_in(story.kai).post(url, {"version": found.version, "agreed_on": "2026-05-31"})
    reported(story.kai, "audit_finding.judged", found, overseer)


def test_each_is_led_to_the_page_or_where_it_is_not_theirs_to_see_to_the_person(log_in: LogIn, overseer: User) -> None:
    with at("2026-03-31"):
        story = an_audit()
        paper = ControlTestFactory(
            engagement=story.engagement, state="concluded", conclusion="effective", because="All of it",
            prepared_by=story.ida, prepared_at=datetime.now(UTC),
        )  # fmt: skip
        url = f"/assurance/tests/{paper.public_id}/review/"
        log_in(story.ida).post(url, {"version": paper.version})
    told = {one.person.name: one for one in Notice.objects.filter(kind="own_work").select_related("person")}
    theirs = f"/organisation/people/{story.ida.public_id}/"
    assert {name: one.url for name, one in told.items()} == {
        "Jo": f"/assurance/tests/{paper.public_id}/", "Kai": theirs, "Otto": theirs,
    }  # fmt: skip
    assert all(opens(one.person, one) for one in told.values())


def test_an_exception_leads_to_its_page(log_in: LogIn, overseer: User) -> None:
    world, asked = an_exception()
    move(log_in(world.ana), asked, "accept")
    assert Notice.objects.get(kind="own_work", person=overseer).url == f"/risks/exceptions/{asked.public_id}/"


def test_an_auditor_works_on_what_became_their_own(log_in: LogIn, overseer: User) -> None:
    with at("2026-03-31"):
        story = an_audit()
        paper = ControlTestFactory(engagement=story.engagement)
        GrantFactory(person=story.jo, solution=story.payments, kind="owner")
        url, jo = f"/assurance/tests/{paper.public_id}/change/", log_in(story.jo)
        jo.get(url)
        assert not TrailEntry.objects.filter(action="own_work.refused").exists()
        assert "Nobody audits what they answer for." in words(jo.post(url, follow=True))
    reported(story.jo, "engagement.worked_on", story.engagement, overseer)
    told = Notice.objects.get(kind="own_work", person=story.ida)
    assert told.url == f"/assurance/{story.engagement.public_id}/"


def test_an_auditor_declares_that_they_are_independent_and_are_not(log_in: LogIn, overseer: User) -> None:
    with at("2026-03-31"):
        story = an_audit()
        TeamMemberFactory(engagement=story.engagement, person=story.kai, declared_at=None, declaration="")
        GrantFactory(person=story.kai, solution=story.payments, kind="owner")
        url = f"/assurance/{story.engagement.public_id}/declare/"
        log_in(story.kai).post(url, {"declaration": "I own nothing of it"})
    reported(story.kai, "engagement.independence_declared", story.engagement, overseer)


def test_an_auditor_puts_themselves_on_the_team_of_what_they_own(log_in: LogIn, overseer: User) -> None:
    with at("2026-03-31"):
        story = an_audit()
        planned = EngagementFactory(of=[story.payments], added_by=story.kai)
        GrantFactory(person=story.kai, solution=story.payments, kind="owner")
        url = f"/assurance/{planned.public_id}/team/put/"
        log_in(story.kai).post(url, {"person": story.kai.pk, "part": "lead"})
    reported(story.kai, "engagement.member_put", planned, overseer)


def test_who_proposes_a_colleague_for_what_that_one_owns_attempts_nothing(log_in: LogIn, overseer: User) -> None:
    with at("2026-03-31"):
        story = an_audit()
        GrantFactory(person=story.kai, solution=story.payments, kind="owner")
        url = f"/assurance/{story.engagement.public_id}/team/put/"
        answer = log_in(story.ida).post(url, {"person": story.kai.pk, "part": "auditor"})
    assert "Nobody audits what they answer for. Kai is owner of Payments." in words(answer)
    assert not TrailEntry.objects.filter(action="own_work.refused").exists()


def test_an_auditor_plans_an_audit_of_what_they_own(log_in: LogIn, overseer: User) -> None:
    with at("2026-03-31"):
        story = an_audit()
        GrantFactory(person=story.kai, solution=story.payments, kind="owner")
        framework = FrameworkVersionFactory()
        asked = {
            "title": "Mine", "framework": framework.pk, "solutions": [story.payments.pk],
            "from_on": "2026-01-01", "to_on": "2026-03-01",
        }  # fmt: skip
        answer = log_in(story.kai).post("/assurance/plan/", asked)
        assert "Nobody audits what they answer for." in words(answer)
    reported(story.kai, "engagement.planned", story.kai, overseer)


def test_nobody_gives_themselves_a_role_unseen(log_in: LogIn, overseer: User) -> None:
    admin = log_in(administrator=True)
    url = f"/organisation/people/{admin.person.public_id}/roles/give/"
    assert admin.post(url, {"role": "second", "reason": "Myself"}).status_code == 422
    reported(admin.person, "role.given", admin.person, overseer)


def test_the_third_line_finds_them_in_the_trail(log_in: LogIn, overseer: User) -> None:
    world, asked = an_exception()
    move(log_in(world.ana), asked, "accept")
    found = log_in(third_line=True).get("/audit/trail/?action=own_work.refused")
    assert "Ana" in words(found)
    assert asked.public_id in words(found)

"""Engagements: planned, staffed with people who are independent, moved on and closed for good."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from assurance.models import ControlTest, Engagement, TeamMember
from audit import clock
from audit.models import TrailEntry
from desk.models import Notice
from organisation.models import Grant
from tests.assurance.people import Story, a_story
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.assurance import AuditFindingFactory, ControlTestFactory, EngagementFactory, TeamMemberFactory
from tests.factories.controls import ControlFactory, FrameworkVersionFactory
from tests.factories.evidence import EvidenceRequestFactory
from tests.factories.risks import RiskFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
TODAY = "2026-03-31"


@pytest.fixture
def story() -> Story:
    return a_story()


def url(engagement: Engagement, more: str = "") -> str:
    return f"/assurance/{engagement.public_id}/{more}"


def planned(**said: Any) -> dict[str, Any]:
    version = FrameworkVersionFactory()
    whole = {"title": "Access audit", "framework": version.pk, "from_on": "2026-01-01", "to_on": "2026-03-31"}
    return {**whole, **said}


def move(browser: LoggedIn, engagement: Engagement, step: str, **said: Any) -> Any:
    engagement.refresh_from_db()
    return browser.post(url(engagement, f"{step}/"), {"version": engagement.version, **said}, follow=True)


def test_an_auditor_plans_declares_begins_and_closes(third_line: LoggedIn) -> None:
    solution = SolutionFactory(name="Payments")
    page = third_line.post("/assurance/plan/", planned(solutions=[solution.pk]), follow=True)
    made = Engagement.objects.get()
    assert title(page) == "Access audit: no test is planned yet, no finding issued"
    assert "1 Jan 2026 to 31 Mar 2026" in words(page)
    assert "Declare on the engagement's page that you are independent" in words(page)
    answer = move(third_line, made, "begin")
    assert f"Not everybody on the team has declared their independence yet: {third_line.person.name}." in words(answer)
    third_line.post(url(made, "declare/"), {"declaration": "I own nothing of it"})
    assert "Fieldwork" in words(move(third_line, made, "begin"))
    assert "Reporting" in words(move(third_line, made, "report"))
    assert "its working papers are locked" in words(move(third_line, made, "close"))
    acts = TrailEntry.objects.about("engagement", made.public_id).order_by("pk").values_list("action", flat=True)
    assert list(acts) == [
        "engagement.planned",
        "engagement.member_put",
        "engagement.independence_declared",
        "engagement.begun",
        "engagement.reporting",
        "engagement.closed",
    ]
    assert f"{made.public_id} is closed, and stays closed" in words(move(third_line, made, "begin"))


@pytest.mark.parametrize(
    ("said", "field", "why"),
    [
        ({"solutions": []}, "solutions", "This field is required."),
        ({"from_on": "2026-04-01"}, "to_on", "The period would end before it begins."),
        ({"from_outside": "on"}, "access_on", "Say until when the auditors from outside may enter."),
        ({"access_on": "2030-01-01"}, "access_on", "Only an engagement from outside is opened until a day."),
        ({"from_outside": "on", "access_on": "2020-01-01"}, "access_on", "This day is over."),
    ],
)
def test_a_plan_has_to_make_sense(third_line: LoggedIn, said: dict[str, Any], field: str, why: str) -> None:
    whole = {"solutions": [SolutionFactory().pk], **said}
    answer = third_line.post("/assurance/plan/", planned(**whole))
    assert answer.status_code == 422
    assert answer.context["form"].errors[field] == [why]
    assert not Engagement.objects.exists()


def test_nobody_plans_an_audit_of_what_they_owned_in_its_period(third_line: LoggedIn) -> None:
    solution = SolutionFactory(name="Payments")
    begun, ended = clock.now() - timedelta(days=3000), clock.now() - timedelta(days=1)
    GrantFactory(person=third_line.person, solution=solution, valid_from=begun, valid_to=ended)
    period = {"from_on": (begun + timedelta(days=9)).date(), "to_on": (begun + timedelta(days=99)).date()}
    answer = third_line.post("/assurance/plan/", planned(solutions=[solution.pk], **period))
    assert "was member of Payments in the audited period" in words(answer)
    assert not Engagement.objects.exists()


def test_a_plan_is_changed_with_its_reason_once_fieldwork_has_begun(log_in: LogIn, story: Story) -> None:
    ida, other = log_in(story.ida), SolutionFactory(name="Portal")
    said = planned(solutions=[story.payments.pk, other.pk], title="Access", version=1)
    answer = ida.post(url(story.engagement, "change/"), said)
    assert answer.context["form"].errors["because"] == ["Fieldwork has begun: say why the plan changes."]
    page = ida.post(url(story.engagement, "change/"), {**said, "because": "Portal logs in there"}, follow=True)
    assert "Portal logs in there" in words(page)
    assert [one.name for one in story.engagement.solutions.order_by("name")] == ["Payments", "Portal"]
    stale = ida.post(url(story.engagement, "change/"), {**said, "title": "Late", "because": "x"})
    assert "Somebody changed it since you opened it" in words(stale)
    assert Engagement.objects.get(pk=story.engagement.pk).title == "Access"


def test_who_leads_or_planned_it_moves_it_on_and_nobody_else(log_in: LogIn, story: Story) -> None:
    page = log_in(story.kai).get(url(story.engagement))
    assert "You are not on its team. Who may put you on it: Ida." in words(page)
    answer = move(log_in(story.kai), story.engagement, "report")
    assert "Who planned it or leads it moves it on: Ida." in words(answer)
    story.engagement.refresh_from_db()
    assert story.engagement.state == "fieldwork"


def test_it_is_closed_with_every_test_reviewed_or_the_reason_why_not(log_in: LogIn, story: Story) -> None:
    ida = log_in(story.ida)
    test = ControlTestFactory(engagement=story.engagement)
    ControlTestFactory(engagement=story.engagement, reviewed=True)
    draft = AuditFindingFactory(engagement=story.engagement, draft=True)
    move(ida, story.engagement, "report")
    assert "Audit findings are drafts still: 1. Issue them or drop them first." in words(
        move(ida, story.engagement, "close")
    )
    type(draft).objects.filter(pk=draft.pk).update(state="dropped")
    answer = move(ida, story.engagement, "close")
    assert answer.context["form"].errors["because"] == [
        f"These tests are not reviewed: {test.public_id}. Review them, or say why they stay so."
    ]
    page = move(ida, story.engagement, "close", because="The system was switched off")
    assert title(page) == "Access audit: 1 of 2 tests reviewed, no finding issued"
    assert "1 test not reviewed" in words(page)
    with pytest.raises(DatabaseError, match="locked"), transaction.atomic():
        ControlTest.objects.filter(pk=test.pk).update(procedure="Another")


def test_who_owns_something_in_scope_is_refused_as_a_member(log_in: LogIn, story: Story) -> None:
    ida = log_in(story.ida)
    owner = UserFactory(name="Oli", third_line=True)
    ControlFactory(name="Leavers", solution=story.payments, owner=owner)
    risk = RiskFactory(solution=story.payments, owner=owner)
    answer = ida.post(url(story.engagement, "team/put/"), {"person": owner.pk, "part": "auditor"})
    told = f"Oli owns the control “Leavers”; owns the risk {risk.public_id}. Somebody else has to do it."
    assert answer.context["form"].errors["person"] == [f"Nobody audits what they answer for. {told}"]
    outside = UserFactory(external=True)
    answer = ida.post(url(story.engagement, "team/put/"), {"person": outside.pk, "part": "auditor"})
    assert answer.status_code == 422
    ida.post(url(story.engagement, "team/put/"), {"person": story.kai.pk, "part": "reviewer"})
    assert TeamMember.objects.filter(person=story.kai, declared_at=None).count() == 1
    assert Notice.objects.get(person=story.kai).subject == story.engagement.public_id


def test_who_becomes_an_owner_later_works_no_longer_and_the_page_says_so(log_in: LogIn, story: Story) -> None:
    GrantFactory(person=story.jo, solution=story.payments, kind="owner", valid_from=clock.now())
    assert "Not independent: is owner of Payments. Their work is refused." in words(
        log_in(story.ida).get(url(story.engagement))
    )
    page = log_in(story.jo).get(url(story.engagement))
    assert "Nobody audits what they answer for. Jo is owner of Payments." in words(page)


def test_a_lead_stays_until_there_is_another(log_in: LogIn, story: Story) -> None:
    ida = log_in(story.ida)
    answer = ida.post(url(story.engagement, f"team/{story.ida.public_id}/take-off/"), {"reason": "Leaves"})
    assert "Somebody has to lead it: put another lead on the team first." in words(answer)
    ida.post(url(story.engagement, f"team/{story.jo.public_id}/take-off/"), {"reason": "Is needed elsewhere"})
    assert not Engagement.objects.worked_on_by(story.jo).exists()
    assert "took off the team: Jo" in words(ida.get(url(story.engagement)))


def test_the_first_line_learns_of_it_when_fieldwork_begins(log_in: LogIn) -> None:
    story = a_story(planning=True)
    ana = log_in(story.ana)
    assert ana.get(url(story.engagement)).status_code == 404
    assert "There is no engagement that you may see" in words(ana.get("/assurance/"))
    move(log_in(story.ida), story.engagement, "begin")
    assert ana.get(url(story.engagement)).status_code == 200
    with at("2020-01-05"):
        assert log_in(story.ida).get(url(story.engagement)).status_code == 200


def test_the_page_counts_what_is_asked_for(log_in: LogIn, story: Story) -> None:
    source = {"source_kind": "engagement", "source_id": story.engagement.public_id}
    EvidenceRequestFactory(**source)
    EvidenceRequestFactory(**source, due_on="2020-01-01")
    EvidenceRequestFactory()
    assert "2 not settled , 1 overdue" in words(log_in(story.ida).get(url(story.engagement))).replace(
        "settled,", "settled ,"
    )


def test_its_state_is_that_of_the_moment(log_in: LogIn) -> None:
    story = a_story(planning=True)
    ida = log_in(story.ida)
    with at(TODAY):
        move(ida, story.engagement, "begin")
    with at("2026-04-30"):
        move(ida, story.engagement, "report")
        assert "Fieldwork" in words(ida.get(url(story.engagement, "?as_of=2026-04-05")))
        assert "1 engagement" in title(ida.get("/assurance/?state=planning&as_of=2026-03-05"))
        assert ida.get("/assurance/?state=none").status_code == 400


def test_an_empty_list_says_what_an_engagement_is(third_line: LoggedIn) -> None:
    said = words(third_line.get("/assurance/"))
    assert "Nothing is planned yet" in said
    assert "An engagement is one piece of assurance" in said


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    third_line: LoggedIn, count: int, django_assert_num_queries: Any
) -> None:
    for _n in range(count):
        engagement = EngagementFactory(of=SolutionFactory.create_batch(count))
        ControlTestFactory(engagement=engagement)
        TeamMemberFactory(engagement=engagement)
    third_line.get("/assurance/")
    with django_assert_num_queries(9):
        third_line.get("/assurance/?order=-period&state=open")


def test_the_team_talks_about_it_and_nobody_else_reads_that(log_in: LogIn, story: Story) -> None:
    url = f"/desk/engagement/{story.engagement.public_id}/"
    jo = log_in(story.jo)
    assert jo.post(f"{url}comment/", {"text": "The script is odd"}).status_code == 302
    assert "The script is odd" in words(log_in(story.ida).get(f"{url}discussion/"))
    assert {one.person.name for one in Notice.objects.all()} == {"Ida"}
    for person in (story.kai, story.ana, UserFactory(second_line=True)):
        assert log_in(person).get(f"{url}discussion/").status_code == 404
    assert log_in(administrator=True).get(f"{url}discussion/").status_code == 403
    on_payments = f"/desk/solution/{story.payments.public_id}/comment/"
    assert "Here these comment: First line · Second line." in words(jo.post(on_payments, {"text": "Hm"}))


def test_auditors_from_outside_get_a_grant_for_each_solution_that_follows_the_plan(log_in: LogIn) -> None:
    story = a_story(outside=True)
    ida, eve = log_in(story.ida), UserFactory(name="Eve", external=True)
    ida.post(url(story.engagement, "team/put/"), {"person": eve.pk, "part": "auditor"})
    grant = Grant.objects.get(person=eve)
    engagement = story.engagement
    assert (grant.solution, grant.kind, grant.valid_to) == (story.payments, "assurance", engagement.access_until)
    assert (grant.about_from, grant.about_to) == (engagement.about_from, engagement.about_to)
    other = SolutionFactory(name="Portal")
    said = planned(solutions=[other.pk], version=1, because="Moved", access_on="2040-01-01")
    ida.post(url(engagement, "change/"), said)
    held = Grant.objects.in_force(clock.now()).get(person=eve)
    assert (held.solution, held.valid_to) == (other, Engagement.objects.get().access_until)
    ida.post(url(engagement, f"team/{eve.public_id}/take-off/"), {"reason": "Left the firm"})
    assert not Grant.objects.in_force(clock.now()).filter(person=eve).exists()
    acts = TrailEntry.objects.filter(action__startswith="grant.").order_by("pk").values_list("action", flat=True)
    assert list(acts) == ["grant.given", "grant.ended", "grant.given", "grant.ended"]


def test_closing_ends_what_was_opened_to_auditors_from_outside(log_in: LogIn) -> None:
    story = a_story(outside=True)
    ida, eve = log_in(story.ida), UserFactory(external=True)
    ida.post(url(story.engagement, "team/put/"), {"person": eve.pk, "part": "auditor"})
    log_in(eve).post(url(story.engagement, "declare/"), {"declaration": "We have no interest in it"})
    move(ida, story.engagement, "report")
    move(ida, story.engagement, "close")
    assert not Grant.objects.in_force(clock.now()).filter(person=eve).exists()

"""Audit findings: drafts are the team's alone; what is issued is answered, agreed, done and tested again."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest

from assurance import reminding
from assurance.awaiting import awaiting
from assurance.models import AuditFinding
from audit import clock
from audit.models import TrailEntry
from desk.models import Notice
from tests.assurance.people import Story, a_story, noon
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.assurance import AuditFindingFactory, ControlTestFactory, EngagementFactory, TeamMemberFactory
from tests.factories.controls import ControlFactory
from tests.factories.evidence import EvidenceFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
TODAY = "2026-03-31"
LATER = date(2026, 5, 31)


@pytest.fixture
def story() -> Story:
    return a_story()


def draft_said(story: Story, **said: Any) -> dict[str, Any]:
    whole = {
        "title": "Leavers keep access",
        "rating": "high",
        "condition": "3 of 25 could log in",
        "criteria": "Access ends on the last day",
        "owner": story.ana.pk,
        "solution": story.payments.pk,
    }
    return {**whole, **said}


def write(browser: LoggedIn, story: Story, **said: Any) -> Any:
    url = f"/assurance/{story.engagement.public_id}/findings/write/"
    return browser.post(url, draft_said(story, **said), follow=True)


def move(browser: LoggedIn, finding: AuditFinding, verb: str, **said: Any) -> Any:
    finding.refresh_from_db()
    url = f"/assurance/findings/{finding.public_id}/{verb}/"
    return browser.post(url, {"version": finding.version, **said}, follow=True)


def an_agreed(story: Story, **said: Any) -> AuditFinding:
    whole = {"engagement": story.engagement, "solution": story.payments, "owner": story.ana, "title": "Keys"}
    made: AuditFinding = AuditFindingFactory(**{**whole, "state": "agreed", "agreed_on": LATER, **said})
    return made


def test_a_finding_goes_from_draft_to_closed(log_in: LogIn, story: Story) -> None:
    with at(TODAY):
        jo, ana = log_in(story.jo), log_in(story.ana)
        assert title(write(jo, story)) == "Leavers keep access: draft"
        found = AuditFinding.objects.get()
        assert title(move(jo, found, "issue")) == "Leavers keep access: issued, awaits a response"
        assert [(one.public_id, one.why) for one in awaiting(story.ana, clock.now())] == [
            (found.public_id, "Respond, and say by when")
        ]
        move(ana, found, "respond", words="We end it by script", day="2026-05-31")
        assert awaiting(story.ana, clock.now()) == []
        assert title(move(jo, found, "agree")) == "Leavers keep access: agreed"
        assert [(one.why, one.due) for one in awaiting(story.ana, clock.now())] == [
            ("Do what was agreed, and show it", LATER)
        ]
        shows = EvidenceFactory(solution=story.payments, title="The script")
        page = move(ana, found, "done", words="It runs nightly", evidence=[shows.pk])
        assert f"It runs nightly {shows.public_id} The script" in words(page)
        assert title(move(jo, found, "reopen", words="Not for contractors")) == "Leavers keep access: agreed"
        move(ana, found, "done", words="For contractors too")
        assert title(move(jo, found, "close", words="25 of 25")) == "Leavers keep access: closed"
    states = list(found.steps.values_list("state", flat=True))
    assert states == ["issued", "responded", "agreed", "done", "agreed", "done", "closed"]
    acts = TrailEntry.objects.about("auditfinding", found.public_id).order_by("pk")
    assert [one.action.removeprefix("audit_finding.") for one in acts] == [
        "drafted", "issued", "responded", "agreed", "done", "retest_failed", "done", "closed",
    ]  # fmt: skip
    told = Notice.objects.filter(subject=found.public_id)
    assert set(told.filter(person=story.ana).values_list("kind", flat=True)) == {
        "audit_finding_issue", "audit_finding_agree", "audit_finding_reopen", "audit_finding_close",
    }  # fmt: skip
    assert told.filter(person=story.ida, kind="audit_finding_done").count() == 2


@pytest.mark.parametrize("line", ["first_line", "second_line", "third_line", "external", "administrator"])
def test_a_draft_is_the_teams_alone(log_in: LogIn, story: Story, line: str) -> None:
    person = UserFactory(**{line: True})
    GrantFactory(person=person, solution=story.payments)
    whole = {"title": "Secret draft", "engagement": story.engagement, "solution": story.payments, "draft": True}
    draft = AuditFindingFactory(**whole, owner=story.ana)
    browser = log_in(person)
    refused = {403} if line == "administrator" else {404}
    for url in (f"/assurance/findings/{draft.public_id}/", f"/api/v1/audit-findings/{draft.public_id}/"):
        assert browser.get(url).status_code in refused
    for url in ("/assurance/findings/", "/assurance/findings/export/csv/", f"/assurance/{story.engagement.public_id}/"):
        assert "Secret draft" not in browser.get(url).content.decode()
    assert "Secret draft" not in log_in(story.ana).get("/assurance/findings/").content.decode()
    assert "Secret draft" in words(log_in(story.jo).get(f"/assurance/{story.engagement.public_id}/"))


def test_what_a_draft_says_stands_in_no_trail(log_in: LogIn, story: Story) -> None:
    jo = log_in(story.jo)
    write(jo, story, title="Secret draft")
    draft = AuditFinding.objects.get()
    url = f"/assurance/findings/{draft.public_id}/change/"
    jo.post(url, draft_said(story, title="Secret draft too", version=1))
    draft.refresh_from_db()
    assert draft.title == "Secret draft too"
    move(jo, draft, "drop", words="Secret reason")
    draft.refresh_from_db()
    assert draft.state == "dropped"
    assert not TrailEntry.objects.filter(detail__icontains="secret").exists()
    assert Notice.objects.filter(subject=draft.public_id).count() == 0


def test_nobody_off_the_team_writes_and_nobody_who_is_undeclared(log_in: LogIn, story: Story) -> None:
    assert write(log_in(story.kai), story).status_code == 404
    TeamMemberFactory(engagement=story.engagement, person=story.kai, undeclared=True)
    answer = write(log_in(story.kai), story)
    assert "Declare on the engagement's page that you are independent of what is audited" in words(answer)
    assert not AuditFinding.objects.exists()


@pytest.mark.parametrize(
    ("said", "field", "why"),
    [
        ({"condition": ""}, "condition", "This field is required."),
        ({"owner": 0}, "owner", "Select a valid choice. That choice is not one of the available choices."),
    ],
)
def test_a_draft_says_what_is_so_and_who_answers(
    log_in: LogIn, story: Story, said: dict[str, Any], field: str, why: str
) -> None:
    answer = write(log_in(story.jo), story, **said)
    assert answer.status_code == 422
    assert answer.context["form"].errors[field] == [why]


def test_what_is_issued_stays_as_it_is(log_in: LogIn, story: Story) -> None:
    found = an_agreed(story)
    answer = log_in(story.jo).post(
        f"/assurance/findings/{found.public_id}/change/", draft_said(story, version=1), follow=True
    )
    assert "It is issued: what it says stays." in words(answer)
    found.refresh_from_db()
    assert found.title == "Keys"


def test_a_draft_from_a_test_takes_over_what_it_showed(log_in: LogIn, story: Story) -> None:
    control = ControlFactory(name="Leavers", solution=story.payments, owner=story.ana)
    test = ControlTestFactory(engagement=story.engagement, control=control, solution=story.payments, reviewed=True)
    url = f"/assurance/{story.engagement.public_id}/findings/write/?test={test.public_id}"
    initial = log_in(story.jo).get(url).context["form"].initial
    assert (initial["control"], initial["owner"], initial["condition"]) == (control, story.ana, test.because)


def test_only_who_answers_for_it_responds_and_only_with_a_day_to_come(log_in: LogIn, story: Story) -> None:
    found = an_agreed(story, state="issued", agreed_on=None)
    other = UserFactory(first_line=True)
    GrantFactory(person=other, solution=story.payments)
    answer = move(log_in(other), found, "respond", words="x", day="2040-01-01")
    assert "It is for Ana to do, who answers for it." in words(answer)
    ana = log_in(story.ana)
    assert move(ana, found, "respond", words="", day="2040-01-01").status_code == 422
    assert move(ana, found, "respond", words="x", day="2020-01-01").context["form"].errors["day"] == [
        "This day is over."
    ]
    assert "“say it is done” is not open now" in words(move(ana, found, "done", words="x"))


def test_internal_audit_follows_it_up_after_the_engagement_is_closed_but_not_its_owner(log_in: LogIn) -> None:
    story = a_story(closed=True)
    found = an_agreed(story, state="done")
    moved = UserFactory(name="Mo", third_line=True)
    type(found).objects.filter(pk=found.pk).update(owner=moved)
    assert "You answer for it: another auditor judges it." in words(move(log_in(moved), found, "close", words="Fine"))
    GrantFactory(person=story.jo, solution=story.payments, kind="owner")
    assert "Nobody audits what they answer for." in words(move(log_in(story.jo), found, "close", words="Fine"))
    second = log_in(second_line=True)
    assert second.post(f"/assurance/findings/{found.public_id}/close/").status_code == 403
    assert title(move(log_in(story.kai), found, "close", words="Tested again")) == "Keys: closed"


def test_reminders_go_out_before_and_after_the_day_once_each(story: Story) -> None:
    with at(TODAY):
        found = an_agreed(story)
    sent = []
    for day in ("2026-05-20", "2026-05-24", "2026-05-25", "2026-05-30", "2026-06-01", "2026-06-02", "2026-06-14"):
        with at(day):
            sent.append((reminding.remind(clock.now()), reminding.remind(clock.now())))
    assert sent == [(0, 0), (1, 0), (0, 0), (1, 0), (1, 0), (0, 0), (1, 0)]
    told = Notice.objects.filter(subject=found.public_id).order_by("pk")
    assert [(one.person.name, one.kind) for one in told][:3] == [
        ("Ana", "audit_finding_due_-7"),
        ("Ana", "audit_finding_due_-1"),
        ("Ana", "audit_finding_due_1"),
    ]
    assert {one.person.name for one in told.filter(kind="audit_finding_due_1")} == {"Ana", "Ida", "Jo"}


def test_the_list_is_narrowed_sorted_and_sent_as_a_file(log_in: LogIn, story: Story) -> None:
    overdue = an_agreed(story, title="Old", agreed_on=date(2026, 1, 1), rating="low")
    an_agreed(story, title="Grave", rating="critical", solution=None, agreed_on=date(2040, 1, 1))
    AuditFindingFactory(title="Gone", state="closed", closed_at=clock.now(), engagement=story.engagement)
    second = log_in(second_line=True)
    page = second.get("/assurance/findings/?order=-rating")
    assert title(page) == "3 audit findings: 2 not closed, 1 overdue"
    assert [row["finding"].title for row in page.context["rows"]] == ["Grave", "Gone", "Old"]
    page = second.get(f"/assurance/findings/?due=overdue&solution={story.payments.public_id}")
    assert [row["finding"] for row in page.context["rows"]] == [overdue]
    assert second.get("/assurance/findings/?rating=none").status_code == 400
    sent = second.get("/assurance/findings/export/csv/?due=overdue").content.decode("utf-8-sig")
    assert second.get("/assurance/findings/export/xlsx/").status_code == 200
    (row,) = csv.DictReader(io.StringIO(sent))
    assert (row["Id"], row["Overdue"], row["Agreed date"]) == (overdue.public_id, "yes", "2026-01-01")


def test_how_it_stood_is_read_from_its_steps(log_in: LogIn, story: Story) -> None:
    with at(TODAY):
        write(log_in(story.jo), story)
        found = AuditFinding.objects.get()
    with at("2026-04-10"):
        move(log_in(story.jo), found, "issue")
    with at("2026-04-20"):
        jo, ana, second = log_in(story.jo), log_in(story.ana), log_in(second_line=True)
        move(ana, found, "respond", words="We end it by script", day="2026-05-31")
        url = f"/assurance/findings/{found.public_id}/?as_of="
        assert second.get(f"{url}2026-04-05").status_code == 404
        page = second.get(f"{url}2026-04-15")
        assert title(page) == "Leavers keep access: issued, awaits a response"
        assert "We end it by script" not in words(page)
        assert title(jo.get(f"{url}2026-04-05")) == "Leavers keep access: draft"


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    second_line: LoggedIn, count: int, django_assert_num_queries: Any
) -> None:
    for _n in range(count):
        AuditFindingFactory()
    second_line.get("/assurance/findings/")
    with django_assert_num_queries(9):
        second_line.get("/assurance/findings/?order=due")


def test_an_engagement_is_held_against_the_one_before_it(log_in: LogIn) -> None:
    before = EngagementFactory()
    told = {"engagement": before, "solution": None}
    again, gone, left = (AuditFindingFactory(title=name, **told) for name in ("Again", "Gone", "Left"))
    type(gone).objects.filter(pk=gone.pk).update(state="closed", closed_at=noon(TODAY))
    story = a_story(previous=before)
    AuditFindingFactory(engagement=story.engagement, title="Fresh")
    AuditFindingFactory(engagement=story.engagement, title="Same again", repeats=again)
    AuditFindingFactory(engagement=story.engagement, title="Not out yet", draft=True, repeats=left)
    said = words(log_in(third_line=True).get(f"/assurance/{story.engagement.public_id}/"))
    part = said[said.index("Held against") :]
    assert "New 1" in part
    assert "Fresh" in part.split("Repeated")[0]
    assert f"Same again finds {again.public_id} again" in part
    assert "Closed since 1" in part
    assert "Still open 1" in part
    assert "Not out yet" not in said
    eve = UserFactory(external=True)
    TeamMemberFactory(engagement=story.engagement, person=eve)
    assert "Held against" not in words(log_in(eve).get(f"/assurance/{story.engagement.public_id}/"))


def test_programs_read_and_respond(log_in: LogIn, story: Story) -> None:
    found = an_agreed(story, state="issued", agreed_on=None)
    ana, url = log_in(story.ana), f"/api/v1/audit-findings/{found.public_id}/"
    later = str((clock.now() + timedelta(days=30)).date())
    said = {"words": "By script", "done_by": later, "version": 1}
    answer = ana.post(f"{url}respond/", said, content_type="application/json")
    assert (answer.status_code, answer.json()["state"], answer.json()["agreed_on"]) == (200, "responded", later)
    answer = ana.post(f"{url}done/", {"words": "Done"}, content_type="application/json")
    assert answer.status_code == 400
    assert "is not open now" in str(answer.json()["errors"]["refused"])
    assert [one["state"] for one in ana.get(url).json()["steps"]] == ["responded"]
    second = log_in(second_line=True)
    assert second.post(f"{url}respond/", said, content_type="application/json").status_code == 403
    (engagement,) = second.get("/api/v1/engagements/").json()["results"]
    assert (engagement["id"], engagement["findings_issued"]) == (story.engagement.public_id, 1)
    assert [one["name"] for one in engagement["solutions"]] == ["Payments"]
    assert log_in(first_line=True).get("/api/v1/engagements/").json()["results"] == []


def test_a_solution_outside_the_scope_is_refused(log_in: LogIn, story: Story) -> None:
    answer = write(log_in(story.jo), story, solution=SolutionFactory().pk)
    assert "solution" in answer.context["form"].errors


def test_it_stands_under_my_items_of_who_answers_for_it(log_in: LogIn, story: Story) -> None:
    found = an_agreed(story, agreed_on=date(2026, 1, 1))
    page = log_in(story.ana).get("/my-items/")
    (item,) = [one for one in page.context["page"].rows if one.kind == "audit_finding"]
    assert (item.url, item.is_overdue, item.level) == (f"/assurance/findings/{found.public_id}/", True, "High")
    assert f"{found.public_id} · Do what was agreed, and show it" in words(page)
    assert not log_in(second_line=True).get("/my-items/").context["page"].rows

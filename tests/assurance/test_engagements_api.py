"""Engagements for programs: planned, staffed, moved on and closed with the verbs of the pages."""

from __future__ import annotations

from typing import Any

import pytest

from assurance.models import Engagement, TeamMember
from audit.models import TrailEntry
from tests.assurance.people import Story, a_story, noon
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.assurance import AuditFindingFactory, ControlTestFactory, EngagementFactory
from tests.factories.controls import FrameworkVersionFactory
from tests.factories.organisation import LONG_AGO

pytestmark = pytest.mark.django_db
API = "/api/v1/engagements/"


@pytest.fixture
def story() -> Story:
    return a_story()


def post(browser: LoggedIn, path: str, **said: Any) -> Any:
    return browser.post(f"{API}{path}", said, content_type="application/json")


def refused(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 400
    told: dict[str, list[str]] = answer.json()["errors"]
    return told


def ids(browser: LoggedIn, query: str = "") -> list[str]:
    return [one["id"] for one in browser.get(f"{API}{query}").json()["results"]]


def a_plan(**said: Any) -> dict[str, Any]:
    whole = {"title": "Access audit", "about_from": "2026-01-01T00:00Z", "about_to": "2026-03-31T00:00Z"}
    return {**whole, "framework": FrameworkVersionFactory().public_id, **said}


def test_an_auditor_plans_declares_begins_and_closes(third_line: LoggedIn) -> None:
    with at("2026-04-02"):
        made = post(third_line, "plan/", **a_plan(solutions=[SolutionFactory(name="Payments").public_id]))
        told, name = made.json(), third_line.person.name
        assert made.status_code == 201
        assert (told["state"], told["solutions"][0]["name"], told["previous"]) == ("planning", "Payments", None)
        (member,) = told["team"]
        assert member == {
            "person": {"id": third_line.person.public_id, "name": name}, "part": "lead", "declaration": "",
            "declared_at": None, "valid_from": "2026-04-02T12:00:00Z", "valid_to": None, "ties": [],
        }  # fmt: skip
        one = f"{told['id']}/"
        assert refused(post(third_line, f"{one}begin/")) == {
            "refused": [f"Not everybody on the team has declared their independence yet: {name}."]
        }
        declared = post(third_line, f"{one}declare/", declaration="I own nothing of it").json()
        assert declared["team"][0]["declaration"] == "I own nothing of it"
        assert post(third_line, f"{one}begin/").json()["state"] == "fieldwork"
        ControlTestFactory(engagement=Engagement.objects.get())
        assert post(third_line, f"{one}report/").json()["state"] == "reporting"
        assert "are not reviewed" in refused(post(third_line, f"{one}close/"))["because"][0]
        closed = post(third_line, f"{one}close/", because="Out of time").json()
        assert (closed["state"], closed["closed_at"]) == ("closed", "2026-04-02T12:00:00Z")
        assert third_line.get(f"{API}{one}").json() == closed
    acts = TrailEntry.objects.about("engagement", told["id"]).order_by("pk").values_list("action", flat=True)
    assert [one.removeprefix("engagement.") for one in acts] == [
        "planned", "member_put", "independence_declared", "begun", "reporting", "closed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "field", "why"),
    [
        ({"solutions": []}, "solutions", "Choose what is audited: one solution or more."),
        ({"about_to": "2025-12-31T00:00Z"}, "about_to", "The period would end before it begins."),
        ({"from_outside": True}, "access_until", "Say until when the auditors from outside may enter."),
        ({"title": ""}, "title", "This field may not be blank."),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_at_its_field(
    third_line: LoggedIn, said: dict[str, Any], field: str, why: str
) -> None:
    whole = {**a_plan(solutions=[SolutionFactory().public_id]), **said}
    assert refused(post(third_line, "plan/", **whole)) == {field: [why]}
    assert not Engagement.objects.exists()


def test_a_plan_names_what_its_page_offers(third_line: LoggedIn, second_line: LoggedIn) -> None:
    solution, draft = SolutionFactory(), FrameworkVersionFactory(draft=True)
    retired = SolutionFactory(retired_at=LONG_AGO)
    assert post(third_line, "plan/", **a_plan(solutions=[retired.public_id])).status_code == 404
    unpublished = a_plan(solutions=[solution.public_id], framework=draft.public_id)
    assert post(third_line, "plan/", **unpublished).status_code == 404
    assert post(second_line, "plan/", **a_plan(solutions=[solution.public_id])).status_code == 403


def test_what_is_not_said_of_a_plan_stays(log_in: LogIn, story: Story) -> None:
    ida, one = log_in(story.ida), f"{story.engagement.public_id}/"
    before = ida.get(f"{API}{one}").json()
    assert refused(post(ida, f"{one}change/", title="Access, again")) == {
        "because": ["Fieldwork has begun: say why the plan changes."]
    }
    changed = post(ida, f"{one}change/", title="Access, again", because="Clearer", version=1).json()
    assert changed == {**before, "title": "Access, again", "version": 2}
    assert post(ida, f"{one}change/", title="No", because="x", version=1).status_code == 409
    moment = post(ida, f"{one}change/", about_from=None, because="One day").json()
    assert moment["about_from"] == moment["about_to"] == before["about_to"]
    stale = ida.post(f"{API}{one}report/", {}, content_type="application/json", headers={"If-Match": '"1"'})
    assert stale.status_code == 412


def test_nobody_acts_in_the_past(log_in: LogIn, story: Story) -> None:
    answer = post(log_in(story.ida), f"{story.engagement.public_id}/report/?as_of=2026-03-20")
    assert refused(answer) == {"refused": ["Nobody acts in the past: go back to now."]}


def test_people_are_put_on_the_team_and_taken_off_it(log_in: LogIn, story: Story) -> None:
    ida, one = log_in(story.ida), f"{story.engagement.public_id}/team/"
    team = post(ida, f"{one}put/", person=story.kai.public_id, part="reviewer").json()["team"]
    assert [(member["person"]["name"], member["part"]) for member in team] == [
        ("Ida", "lead"), ("Jo", "auditor"), ("Kai", "reviewer"),
    ]  # fmt: skip
    assert refused(post(ida, f"{one}put/", person=story.ana.public_id)) == {
        "person": ["Ana is not of internal audit: nobody else audits."]
    }
    off = post(ida, f"{one}{story.kai.public_id}/take-off/", because="Needed elsewhere").json()["team"]
    assert [member["person"]["name"] for member in off] == ["Ida", "Jo"]
    assert post(ida, f"{one}{story.kai.public_id}/take-off/", because="Again").status_code == 404
    assert refused(post(ida, f"{one}{story.jo.public_id}/take-off/", because=" ")) == {
        "because": ["This field may not be blank."]
    }
    assert refused(post(log_in(story.kai), f"{one}put/", person=story.kai.public_id)) == {
        "person": ["Who planned it or leads it moves it on: Ida."]
    }
    assert TeamMember.objects.filter(person=story.kai).count() == 1


def test_what_others_audit_before_it_begins_is_not_found(log_in: LogIn, story: Story) -> None:
    Engagement.objects.update(state="planning")
    eve, ana = log_in(external=True), log_in(story.ana)
    one = f"{story.engagement.public_id}/"
    assert post(eve, f"{one}declare/", declaration="x").status_code == 404
    assert ana.get(f"{API}{one}").status_code == 404
    assert post(ana, f"{one}begin/").status_code == 403
    Engagement.objects.update(state="fieldwork")
    assert [member["ties"] for member in ana.get(f"{API}{one}").json()["team"]] == [[], []]


def test_ties_are_told_to_who_audits(log_in: LogIn, story: Story) -> None:
    told = log_in(story.kai).get(f"{API}{story.engagement.public_id}/").json()["team"]
    assert [member["ties"] for member in told] == [[], []]
    GrantFactory(person=story.jo, solution=story.payments, kind="owner")
    told = log_in(story.kai).get(f"{API}{story.engagement.public_id}/").json()["team"]
    assert [member["ties"] for member in told] == [[], ["is owner of Payments"]]
    told = log_in(story.ana).get(f"{API}{story.engagement.public_id}/").json()["team"]
    assert [member["ties"] for member in told] == [[], []]


def test_what_was_found_is_held_against_the_engagement_before(log_in: LogIn) -> None:
    before = EngagementFactory()
    again, left = AuditFindingFactory(engagement=before), AuditFindingFactory(engagement=before)
    story = a_story(previous=before)
    fresh = AuditFindingFactory(engagement=story.engagement)
    repeated = AuditFindingFactory(engagement=story.engagement, repeats=again)
    told = log_in(third_line=True).get(f"{API}{story.engagement.public_id}/").json()
    assert (told["previous"], told["compared"]) == (
        before.public_id,
        {"new": [fresh.public_id], "repeated": [repeated.public_id], "closed": [], "still_open": [left.public_id]},
    )
    told = log_in(story.ana).get(f"{API}{story.engagement.public_id}/").json()
    assert (told["previous"], told["compared"]) == (None, None)


def test_the_list_is_narrowed_as_on_its_page(log_in: LogIn, story: Story) -> None:
    jo, closed = log_in(story.jo), EngagementFactory(title="Last year", closed=True, about_to=noon("2026-01-31"))
    mine = story.engagement.public_id
    assert ids(jo) == [closed.public_id, mine]
    assert ids(jo, "?state=open") == ids(jo, "?team=mine") == ids(jo, "?q=Access") == [mine]
    assert ids(jo, f"?solution={story.payments.public_id}") == [mine]
    assert jo.get(f"{API}?state=none").status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(log_in: LogIn, count: int, django_assert_num_queries: Any) -> None:
    EngagementFactory.create_batch(count)
    browser = log_in(UserFactory(third_line=True))
    ids(browser)
    with django_assert_num_queries(6):
        assert len(ids(browser)) == count


def test_what_people_did_to_it_is_told_the_latest_first(third_line: LoggedIn, first_line: LoggedIn) -> None:
    made = post(third_line, "plan/", **a_plan(solutions=[SolutionFactory().public_id])).json()
    acts = f"{API}{made['id']}/acts/"
    assert [(act["who"], act["words"]) for act in third_line.get(acts).json()["results"]] == [
        (third_line.person.name, "put on the team"),
        (third_line.person.name, "planned it"),
    ]
    assert first_line.get(acts).status_code == 404

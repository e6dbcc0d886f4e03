"""Exceptions, treatments and challenges through the API: the same verbs, the same refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audit import clock
from risks.models import RiskException
from tests.conftest import LoggedIn, LogIn
from tests.factories import UserFactory
from tests.factories.findings import CheckFactory
from tests.factories.risks import ChallengeFactory, RiskFactory, TreatmentActionFactory, TreatmentFactory
from tests.findings_pages.reading_pages import counted
from tests.risks.exceptions import Story, a_story

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return a_story()


def post(browser: LoggedIn, path: str, **said: Any) -> Any:
    return browser.post(f"/api/v1/{path}", said, content_type="application/json")


def test_asked_accepted_and_concurred(log_in: LogIn, story: Story) -> None:
    said = {
        "kind": "acceptance", "solution": story.solution.public_id, "reason": "Late fix", "by_rule": True, "ceiling": 4,
        "checks": [story.check.public_id], "expires_at": (clock.now() + timedelta(days=30)).isoformat(),
    }  # fmt: skip
    made = post(log_in(story.ana), "exceptions/ask/", **said)
    assert (made.status_code, made.json()["state"], made.json()["level"]) == (201, "asked", "High")
    one = f"exceptions/{made.json()['id']}/"
    refused = post(log_in(story.ana), f"{one}accept/")
    assert refused.status_code == 400
    assert refused.json()["errors"] == {"refused": ["Nobody accepts what they asked for. Those who may: Ben."]}
    assert post(log_in(story.ben), f"{one}accept/").json()["state"] == "accepted"
    assert post(log_in(story.cleo), f"{one}concur/").json()["state"] == "live"
    story_told = log_in(story.cleo).get(f"/api/v1/{one}").json()["steps"]
    assert [step["state"] for step in story_told] == ["asked", "accepted", "live"]
    assert [row["id"] for row in log_in(story.cleo).get("/api/v1/exceptions/").json()["results"]] == [made.json()["id"]]


def test_a_move_of_what_somebody_moved_meanwhile_is_refused(log_in: LogIn, story: Story) -> None:
    exception = story.asked()
    answer = post(log_in(story.ben), f"exceptions/{exception.public_id}/accept/", version=99)
    assert answer.json()["errors"] == {
        "refused": [f"Somebody moved {exception.public_id} on since you opened it; look again."]
    }


def test_what_is_not_theirs_is_not_found(log_in: LogIn, story: Story) -> None:
    exception, stranger = story.asked(), log_in(UserFactory(first_line=True))
    action = TreatmentActionFactory(treatment__risk__solution=story.solution)
    for path in (
        f"exceptions/{exception.public_id}/accept/",
        f"exceptions/{exception.public_id}/withdraw/",
        f"treatments/{action.treatment.public_id}/close/",
        f"actions/{action.public_id}/move/",
    ):
        assert post(stranger, path, because="x", state="done").status_code == 404
    assert RiskException.objects.get().state == "asked"


def test_an_action_is_done(log_in: LogIn, story: Story) -> None:
    action = TreatmentActionFactory(treatment__risk__solution=story.solution)
    answer = post(log_in(story.ana), f"actions/{action.public_id}/move/", state="done")
    assert (answer.status_code, answer.json()["state"]) == (200, "done")
    told = log_in(story.ana).get(f"/api/v1/treatments/{action.treatment.public_id}/").json()
    assert (told["actions_done"], told["actions_wanted"], told["actions_overdue"]) == (1, 1, 0)


def test_a_challenge_is_answered_and_settled(log_in: LogIn, story: Story) -> None:
    exception = story.live()
    assert (
        post(log_in(story.cleo), f"exceptions/{exception.public_id}/challenge/", because="Too long").json()["state"]
        == "live"
    )
    (row,) = log_in(story.cleo).get("/api/v1/challenges/").json()["results"]
    assert (row["about"], row["of"]) == ("exception", exception.public_id)
    assert post(log_in(story.ana), f"challenges/{row['id']}/answer/", answer="It is not").status_code == 200
    settled = post(log_in(story.cleo), f"challenges/{row['id']}/settle/", outcome="upheld", because="It is")
    assert settled.json()["outcome"] == "upheld"
    exception.refresh_from_db()
    assert exception.state == "reopened"


def test_a_treatment_is_planned_changed_and_sent_back(log_in: LogIn, story: Story) -> None:
    risk = RiskFactory(solution=story.solution, owner=story.ana)
    ana, ben, other = log_in(story.ana), log_in(story.ben), CheckFactory()
    said = {"strategy": "mitigate", "plan": "Rotate keys", "owner": story.ana.public_id}
    counted()
    unknown = post(ana, f"risks/{risk.public_id}/treatments/add/", **said, checks=[other.public_id])
    assert unknown.status_code == 404, "it neither fails there nor shows the risk"
    made = post(ana, f"risks/{risk.public_id}/treatments/add/", **said, checks=[story.check.public_id])
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["risk"], told["plan"], told["hold_days"], told["version"]) == (risk.public_id, "Rotate keys", 14, 1)
    assert told["checks"] == [{"check_id": story.check.public_id, "check_key": "S3.1", "account": ""}]
    one = f"treatments/{told['id']}/"
    changed = post(ana, f"{one}change/", plan="Rotate all keys", because="More", version=1).json()
    assert (changed["plan"], changed["strategy"], len(changed["checks"]), changed["version"]) == (
        "Rotate all keys", "mitigate", 1, 2,
    )  # fmt: skip
    assert post(ana, f"{one}change/", plan="Other", because="x", version=1).status_code == 409
    refused = post(ana, f"{one}change/", strategy="accept", because="x")
    assert refused.json()["errors"].keys() == {"checks"}
    post(ana, f"{one}propose-closure/", because="Done")
    assert post(ben, f"{one}send-back/", because="Not yet", version=3).json()["closure_proposed_at"] is None
    found = ana.get("/api/v1/treatments/?state=open&q=keys").json()["results"]
    assert [row["id"] for row in found] == [told["id"]]
    assert ana.get("/api/v1/treatments/?state=closed").json()["results"] == []


def test_actions_are_added_and_changed(log_in: LogIn, story: Story) -> None:
    action = TreatmentActionFactory(treatment__risk__solution=story.solution)
    ana, treatment, day = log_in(story.ana), action.treatment, clock.now().date() + timedelta(days=9)
    said = {"what": "Ask the vendor", "owner": story.ana.public_id, "due_on": day}
    assert post(ana, f"treatments/{treatment.public_id}/actions/add/", **said).json()["actions_wanted"] == 2
    over = post(ana, f"treatments/{treatment.public_id}/actions/add/", **said | {"due_on": "2020-01-01"})
    assert over.json()["errors"] == {"due_on": ["This day is over."]}
    changed = post(ana, f"actions/{action.public_id}/change/", due_on=day, because="Late", version=1).json()
    assert (changed["due_on"], changed["what"], changed["version"]) == (day.isoformat(), action.what, 2)
    assert post(ana, f"actions/{action.public_id}/move/", state="done", version=1).status_code == 409


def test_who_owns_an_action_alone_moves_it(log_in: LogIn, story: Story) -> None:
    action = TreatmentActionFactory(owner=UserFactory(first_line=True))
    assert post(log_in(action.owner), f"actions/{action.public_id}/move/", state="doing").json()["state"] == "doing"


def test_a_treatment_is_challenged(log_in: LogIn, story: Story) -> None:
    treatment = TreatmentFactory(risk__solution=story.solution)
    raised = post(log_in(story.cleo), f"treatments/{treatment.public_id}/challenge/", because="Too slow")
    assert (raised.status_code, raised.json()["about"], raised.json()["of"]) == (
        201, "treatment", treatment.public_id,
    )  # fmt: skip


def test_exceptions_are_narrowed_as_on_the_page(log_in: LogIn, story: Story) -> None:
    live = story.live()
    story.asked()
    cleo = log_in(story.cleo)
    assert [row["id"] for row in cleo.get("/api/v1/exceptions/?state=live").json()["results"]] == [live.public_id]
    assert cleo.get("/api/v1/exceptions/?state=good").status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_the_lists_cost_the_same_for_any_number(
    log_in: LogIn, story: Story, count: int, django_assert_max_num_queries: Any
) -> None:
    for _n in range(count):
        story.asked()
        TreatmentActionFactory(treatment__risk__solution=story.solution)
        ChallengeFactory(assessment__risk__solution=story.solution)
    cleo = log_in(story.cleo)
    for path, most in (("exceptions", 18), ("treatments", 10), ("challenges", 16)):
        cleo.get(f"/api/v1/{path}/")
        with django_assert_max_num_queries(most):
            assert len(cleo.get(f"/api/v1/{path}/").json()["results"]) == count

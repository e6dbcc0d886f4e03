"""Exceptions, treatments and challenges through the API: the same verbs, the same refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audit import clock
from risks.models import RiskException
from tests.conftest import LoggedIn, LogIn
from tests.factories import UserFactory
from tests.factories.risks import TreatmentActionFactory
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

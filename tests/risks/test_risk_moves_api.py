"""A risk's levels, review and closing through the API: the same verbs as the pages, the same refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audit import clock
from risks.models import Assessment
from tests.conftest import LoggedIn, LogIn
from tests.factories.risks import AssessmentFactory
from tests.risks.people import World

pytestmark = pytest.mark.django_db


def post(browser: LoggedIn, path: str, **said: Any) -> Any:
    return browser.post(f"/api/v1/{path}", said, content_type="application/json")


def errors(answer: Any) -> Any:
    assert answer.status_code == 400, answer.content
    return answer.json()["errors"]


def test_the_portal_s_proposal_is_read_and_taken(world: World, log_in: LogIn) -> None:
    one, ana = f"risks/{world.risk.public_id}/", log_in(world.ana)
    nothing = ana.get(f"/api/v1/{one}proposal/").json()
    assert (nothing["level"], nothing["why_none"]) == (
        None, "Its inherent level is not stated yet: what it is without any control.",
    )  # fmt: skip
    AssessmentFactory(risk=world.risk, kind="inherent", likelihood=3, impact=3)
    proposed = ana.get(f"/api/v1/{one}proposal/").json()
    assert (proposed["likelihood"], proposed["impact"]) == (3, 3)
    changed = post(ana, f"{one}take/", likelihood=1, impact=1)
    assert errors(changed) == {
        "refused": ["The proposal is another one now, since what it rests on changed. Look again."]
    }
    taken = post(ana, f"{one}take/", likelihood=3, impact=3)
    assert taken.status_code == 201
    told = taken.json()
    assert (told["kind"], told["likelihood"], told["impact"], told["confirmed_by"]["name"]) == ("current", 3, 3, "Ana")
    assert told["because"].startswith("As the portal proposed.")


def test_a_proposed_level_is_confirmed_or_declined_by_who_answers(world: World, log_in: LogIn) -> None:
    ana, cleo = log_in(world.ana), log_in(world.cleo)
    waits = AssessmentFactory(risk=world.risk, proposed_by=world.cleo, waiting=True)
    one = f"levels/{waits.public_id}/"
    assert errors(post(cleo, f"{one}confirm/")) == {"refused": ["Who answers for it confirms its levels: Ana, Ben."]}
    assert post(log_in(world.dee), f"{one}confirm/").status_code == 404
    assert post(log_in(world.ines), f"{one}confirm/").status_code == 403
    assert post(ana, f"{one}confirm/").json()["confirmed_by"]["name"] == "Ana"
    assert "It is decided on already" in errors(post(ana, f"{one}decline/", because="No"))["refused"][0]
    other = AssessmentFactory(risk=world.risk, proposed_by=world.cleo, waiting=True)
    declined = post(ana, f"levels/{other.public_id}/decline/", because="Too low").json()
    assert (declined["declined_by"]["name"], declined["declined_because"]) == ("Ana", "Too low")
    assert Assessment.objects.waiting().count() == 0


def test_it_is_reviewed(world: World, log_in: LogIn) -> None:
    one, ana, today = f"risks/{world.risk.public_id}/", log_in(world.ana), clock.now().date()
    past = post(ana, f"{one}review/", next_on=today, because="As it is")
    assert errors(past) == {"refused": ["The next review lies ahead: choose a day after today."]}
    day = today + timedelta(days=90)
    done = post(ana, f"{one}review/", next_on=day, because="As it is", version=1).json()
    assert (done["review_on"], done["version"]) == (day.isoformat(), 2)
    (act,) = ana.get(f"/api/v1/{one}acts/").json()["results"]
    assert (act["who"], act["words"], act["because"]) == ("Ana", "reviewed it", "As it is")
    stale = post(ana, f"{one}review/", next_on=day, because="Once more", version=1)
    assert (stale.status_code, stale.json()["detail"]) == (
        409, "Somebody saved it since you read it: read it again, then change it.",
    )  # fmt: skip


def test_two_people_close_it_and_it_is_reopened(world: World, log_in: LogIn) -> None:
    one, ana, ben = f"risks/{world.risk.public_id}/", log_in(world.ana), log_in(world.ben)
    assert errors(post(ana, f"{one}close/")) == {"because": ["This field is required."]}
    assert post(ana, f"{one}close/", because="Gone").status_code == 200
    assert post(ben, f"{one}close/reject/", because="Not yet").json()["closed_at"] is None
    post(ana, f"{one}close/", because="Gone now")
    own = errors(post(ana, f"{one}close/confirm/"))["refused"]
    assert own == ["You proposed it, so another person confirms: Ben."]
    assert post(ben, f"{one}close/confirm/").json()["closed_at"] is not None
    for path, said in (("review/", {"next_on": "2999-01-01"}), ("close/", {})):
        assert post(ana, f"{one}{path}", because="x", **said).status_code == 400
    assert post(ben, f"{one}reopen/", because="It is back").json()["closed_at"] is None
    assert post(log_in(world.dee), f"{one}reopen/", because="x").status_code == 404
    assert post(log_in(world.ines), f"{one}reopen/", because="x").status_code == 403


def test_if_match_holds_the_version(world: World, log_in: LogIn) -> None:
    ana, address = log_in(world.ana), f"/api/v1/risks/{world.risk.public_id}/close/"
    said: dict[str, Any] = {"data": {"because": "Gone"}, "content_type": "application/json"}
    for version in ("7", "9" * 5_000):
        assert ana.post(address, headers={"If-Match": f'"{version}"'}, **said).status_code == 412
    assert ana.post(address, headers={"If-Match": '"1"'}, **said).status_code == 200


def test_a_level_and_a_closing_are_challenged(world: World, log_in: LogIn) -> None:
    ines, level = log_in(world.ines), AssessmentFactory(risk=world.risk)
    raised = post(ines, f"levels/{level.public_id}/challenge/", because="It happened twice")
    assert (raised.status_code, raised.json()["about"], raised.json()["of"]) == (201, "level", world.risk.public_id)
    again = post(ines, f"levels/{level.public_id}/challenge/", because="Still")
    assert errors(again) == {"refused": ["A challenge of it awaits its answer already."]}
    closing = f"risks/{world.risk.public_id}/close/challenge/"
    assert "there is no closure to challenge" in errors(post(ines, closing, because="Why"))["refused"][0]
    assert post(log_in(world.ana), closing, because="Why").status_code == 403
    open_ones = ines.get("/api/v1/challenges/?state=open&about=level").json()["results"]
    assert [one["id"] for one in open_ones] == [raised.json()["id"]]
    assert ines.get("/api/v1/challenges/?state=settled").json()["results"] == []
    assert ines.get("/api/v1/challenges/?state=x").status_code == 400

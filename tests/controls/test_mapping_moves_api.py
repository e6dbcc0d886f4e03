"""Mappings through the API: proposed, changed and decided on with the same verbs and refusals as on the pages."""

from __future__ import annotations

from typing import Any

import pytest

from controls.models import Mapping, MappingDecision
from tests.conftest import LoggedIn, LogIn
from tests.controls.test_mapping_decisions import of, published
from tests.controls.test_mapping_pages import states
from tests.factories.controls import CheckReferenceFactory, EditionFactory, MappingDecisionFactory, MappingFactory

__all__ = ["published"]
pytestmark = pytest.mark.django_db
HOW = {"relation": "equal", "rationale": "The check asks just this."}
WHY = {"because": "Agreed with the owners"}


def post(browser: LoggedIn, path: str, **said: Any) -> Any:
    return browser.post(f"/api/v1/{path}", said, content_type="application/json")


def errors(answer: Any) -> Any:
    assert answer.status_code == 400, answer.content
    return answer.json()["errors"]


def test_a_mapping_is_proposed_and_taken_back_by_who_proposed_it(first_line: LoggedIn, log_in: LogIn) -> None:
    edition = EditionFactory(key="AC-3")
    CheckReferenceFactory(key="S3.8", source="security_hub")
    made = post(first_line, "mappings/propose/", one=edition.public_id, two="security_hub:S3.8", **HOW)
    assert made.status_code == 201, made.content
    told = made.json()
    assert {name: told[name] for name in ("requirement", "check_key", "relation", "state", "proposed_by")} == {
        "requirement": edition.public_id,
        "check_key": "S3.8",
        "relation": "equal",
        "state": "proposed",
        "proposed_by": first_line.person.public_id,
    }
    again = errors(post(first_line, "mappings/propose/", one=edition.public_id, two="S3.8", **HOW))
    assert f"{told['id']} joins them already" in again["two"][0]
    nothing = errors(post(first_line, "mappings/propose/", one="RQ-999999", two="S3.8", **HOW))
    assert nothing == {"one": ["There is no RQ-999999, or you may not see it: look for it again."]}
    one = f"mappings/{told['id']}/take-back/"
    assert "Only who proposed it may take it back" in errors(post(log_in(first_line=True), one, **WHY))["refused"][0]
    assert post(first_line, one, **WHY).json()["state"] == "withdrawn"
    assert post(log_in(third_line=True), "mappings/propose/", one="x", two="y", **HOW).status_code == 403


def test_one_is_decided_on_and_changed(second_line: LoggedIn, first_line: LoggedIn) -> None:
    found = MappingFactory()
    one = f"mappings/{found.public_id}/"
    assert post(first_line, f"{one}decide/", action="approve", **WHY).status_code == 403
    approved = post(second_line, f"{one}decide/", action="approve", relation="superset", **WHY).json()
    assert (approved["state"], approved["relation"], approved["stated_relation"]) == (
        "approved", "superset", "intersects",
    )  # fmt: skip
    left = errors(post(second_line, f"{one}decide/", action="approve", **WHY))
    assert left == {"refused": [f"{found.public_id} was left as it was."]}
    changed = post(second_line, f"{one}change/", **HOW)
    assert (changed.status_code, changed.json()["state"], changed.json()["relation"]) == (201, "proposed", "equal")
    assert states(found) == ["withdrawn"]
    assert "It is no longer in force" in errors(post(second_line, f"{one}change/", **HOW))["refused"][0]


def test_chosen_ones_are_decided_on_and_ones_own_left(second_line: LoggedIn) -> None:
    mine, other = MappingFactory(proposed_by=second_line.person.public_id), MappingFactory()
    said = {"mappings": [mine.public_id, other.public_id], "action": "approve", **WHY}
    assert post(second_line, "mappings/decide-chosen/", **said).json() == {"changed": 1, "left": 1}
    assert states(mine, other) == ["proposed", "approved"]
    assert errors(post(second_line, "mappings/decide-chosen/", **said | {"mappings": []})).keys() == {"mappings"}


def test_all_that_match_are_decided_on_by_who_read_what_it_would_do(
    second_line: LoggedIn, published: list[Mapping]
) -> None:
    path = f"mappings/decide-all/{of(published)}"
    outlook = second_line.get(f"/api/v1/{path}").json()
    seen = outlook.pop("seen")
    assert outlook == {
        "total": 3, "open_to": 3, "own": 0, "approved": 0, "first_checks": 1, "first_of_controls": 0, "last_checks": 0,
    }  # fmt: skip
    stale = errors(post(second_line, path, action="approve", seen="other", **WHY))
    assert "What matches has changed" in stale["refused"][0]
    made = post(second_line, path, action="approve", seen=seen, **WHY)
    assert (made.status_code, made.json()["chosen"], made.json()["changed"]) == (201, 3, 3)
    one = f"mapping-decisions/{made.json()['id']}/"
    assert second_line.get(f"/api/v1/{one}").json()["still_approved"] == 3
    assert errors(post(second_line, path, action="approve", seen=seen, **WHY)).keys() == {"action"}
    reversed_ = post(second_line, f"{one}reverse/", because="A mistake").json()
    assert (reversed_["action"], reversed_["changed"], reversed_["reverses"]) == ("reverse", 3, made.json()["id"])
    assert errors(post(second_line, f"{one}reverse/", because="Again")) == {
        "refused": ["Nothing that it approved is still in force."]
    }


def test_a_published_set_is_adopted_once(second_line: LoggedIn, first_line: LoggedIn, published: list[Mapping]) -> None:
    held = published[0].mapping_set
    assert held
    sets = first_line.get("/api/v1/mapping-sets/").json()["results"]
    assert held.public_id in [one["id"] for one in sets]
    path = f"mapping-sets/{held.public_id}/adopt/"
    assert post(first_line, path, **WHY).status_code == 403
    assert post(second_line, path, **WHY).json()["asked"] == {"set": held.public_id, "state": "proposed"}
    assert states(*published) == ["approved"] * 3
    assert errors(post(second_line, path, **WHY)).keys() == {"action"}
    assert MappingDecision.objects.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_decisions_cost_the_same_for_any_number(
    second_line: LoggedIn, count: int, django_assert_max_num_queries: Any
) -> None:
    MappingDecisionFactory.create_batch(count)
    second_line.get("/api/v1/mapping-decisions/")
    with django_assert_max_num_queries(8):
        answer = second_line.get("/api/v1/mapping-decisions/")
    assert len(answer.json()["results"]) == count

"""Matrix, categories, appetite and authority through the API: read by all, decided by the second line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audit import clock
from risks import standing
from risks.models import Matrix
from risks.shapes import FIVE_BY_FIVE
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory, UserFactory
from tests.factories.risks import AppetiteFactory, AssessmentFactory, AuthorityFactory, CategoryFactory, MatrixFactory
from tests.risks.test_risk_moves_api import errors, post

pytestmark = pytest.mark.django_db
APPROVED = {"approved_by": "Risk committee", "approved_on": "2020-01-01"}


def test_categories_are_added_changed_retired_and_reopened(second_line: LoggedIn, first_line: LoggedIn) -> None:
    made = post(second_line, "categories/add/", name="Fraud").json()
    one = f"categories/{made['id']}/"
    assert errors(post(second_line, "categories/add/", name="FRAUD")) == {
        "refused": ["Another category has this name; a retired one keeps its own."]
    }
    changed = post(second_line, f"{one}change/", description="Of customers", version=1).json()
    assert (changed["name"], changed["description"], changed["version"]) == ("Fraud", "Of customers", 2)
    assert post(second_line, f"{one}change/", name="x", version=1).status_code == 409
    assert post(second_line, f"{one}retire/", because="Not used", version=2).json()["retired_at"]
    assert errors(post(second_line, f"{one}retire/", because="x")) == {"refused": ["It is retired already."]}
    assert errors(post(second_line, f"{one}change/", name="x")) == {"refused": ["It is retired: re-open it first."]}
    assert post(second_line, f"{one}reopen/", because="Needed").json()["retired_at"] is None
    assert [row["name"] for row in first_line.get("/api/v1/categories/").json()["results"]] == ["Fraud"]
    assert post(first_line, f"{one}retire/", because="x").status_code == 403


def test_a_matrix_is_adopted_by_who_read_the_one_in_force(second_line: LoggedIn, first_line: LoggedIn) -> None:
    said = {**FIVE_BY_FIVE, **APPROVED, "because": "The first"}
    made = post(second_line, "matrices/adopt/", **said, read=None)
    assert made.status_code == 201, made.content
    first = made.json()
    assert {name: first[name] for name in FIVE_BY_FIVE} == FIVE_BY_FIVE
    assert errors(post(second_line, "matrices/adopt/", **said, read=None)) == {
        "read": ["Another matrix was adopted this moment. Look at that one, then begin again from it."]
    }
    crooked = {"cells": [[3] * 5, *FIVE_BY_FIVE["cells"][1:]], "carried": [0, 1, 2, 3], "read": first["id"]}
    assert "what is less likely gives Critical" in errors(post(second_line, "matrices/adopt/", **said | crooked))[
        "refused"
    ][0]  # fmt: skip
    second = post(second_line, "matrices/adopt/", **said, carried=[0, 1, 2, 3], read=first["id"]).json()
    assert second["follows"] == first["id"]
    early = {"approved_on": "2999-01-01", "carried": [0, 1, 2, 3], "read": second["id"]}
    assert errors(post(second_line, "matrices/adopt/", **said | early)) == {
        "approved_on": ["This day is still to come: record it once it is approved."]
    }
    told = first_line.get("/api/v1/matrices/").json()["results"]
    assert [row["id"] for row in told] == [second["id"], first["id"]]
    assert first_line.get(f"/api/v1/matrices/{first['id']}/").json() == first
    assert post(first_line, "matrices/adopt/", **said, read=None).status_code == 403


def test_an_appetite_is_recorded_replaced_and_ended(second_line: LoggedIn, log_in: LogIn) -> None:
    MatrixFactory()
    payments = SolutionFactory(name="Payments")
    said = {**APPROVED, "appetite": 1, "tolerance": 2, "because": "Agreed"}
    made = post(second_line, "appetites/record/", **said, solution=payments.public_id).json()
    assert (made["appetite"], made["tolerance"], made["solution"]["name"], made["category"]) == (
        {"level": 1, "label": "Medium"}, {"level": 2, "label": "High"}, "Payments", None,
    )  # fmt: skip
    above = errors(post(second_line, "appetites/record/", **said | {"appetite": 3}))
    assert above == {"tolerance": ["The appetite cannot be above the tolerance: what is wanted is borne as well."]}
    over = errors(post(second_line, "appetites/record/", **said, until=clock.now() - timedelta(days=1)))
    assert over == {"until": ["This day is over."]}
    replaced = post(second_line, f"appetites/{made['id']}/replace/", **said | {"tolerance": 3}).json()
    assert (replaced["solution"]["name"], replaced["tolerance"]["label"]) == ("Payments", "Critical")
    assert post(second_line, f"appetites/{made['id']}/end/", because="x").status_code == 404, "it was replaced"
    ended = post(second_line, f"appetites/{replaced['id']}/end/", because="No longer").json()
    assert (ended["ended_because"], bool(ended["valid_to"])) == ("No longer", True)
    assert len(second_line.get("/api/v1/appetites/").json()["results"]) == 2
    stranger = log_in(first_line=True)
    assert stranger.get("/api/v1/appetites/").json()["results"] == [], "of a solution that is not theirs"
    assert stranger.get(f"/api/v1/appetites/{made['id']}/").status_code == 404
    assert post(stranger, "appetites/record/", **said).status_code == 403


def test_an_authority_is_recorded_replaced_and_ended(second_line: LoggedIn) -> None:
    MatrixFactory()
    ana = UserFactory(name="Ana", first_line=True)
    made = post(second_line, "authorities/record/", **APPROVED, person=ana.public_id, level=1).json()
    assert (made["person"]["name"], made["level"], made["solution"]) == ("Ana", {"level": 1, "label": "Medium"}, None)
    auditor = UserFactory(third_line=True)
    assert post(second_line, "authorities/record/", **APPROVED, person=auditor.public_id, level=1).status_code == 404
    none = errors(post(second_line, "authorities/record/", **APPROVED, person=ana.public_id, level=5))
    assert none == {"refused": ["The matrix in force has no such level."]}
    replaced = post(second_line, f"authorities/{made['id']}/replace/", **APPROVED, level=2).json()
    assert (replaced["person"]["name"], replaced["level"]["label"]) == ("Ana", "High")
    assert post(second_line, f"authorities/{replaced['id']}/end/", because="Left").json()["ended_because"] == "Left"


def test_what_it_would_change_is_told_before_anything_does(second_line: LoggedIn, first_line: LoggedIn) -> None:
    AssessmentFactory(likelihood=4, impact=4)
    standing.refresh()
    told = post(second_line, "appetites/effect/", appetite=0, tolerance=1).json()
    assert told == {"before": {"no_appetite": 1}, "after": {"above_tolerance": 1}}
    assert errors(post(second_line, "appetites/effect/", appetite=2, tolerance=1)).keys() == {"tolerance"}
    assert second_line.get("/api/v1/appetites/").json()["results"] == []
    draft = {**FIVE_BY_FIVE, "carried": [0, 1, 2, 3]}
    assert post(second_line, "matrices/effect/", **draft).json() == {
        "before": {"no_appetite": 1}, "after": {"no_appetite": 1},
    }  # fmt: skip
    assert "what is less likely gives" in errors(
        post(second_line, "matrices/effect/", **draft | {"cells": [[3] * 5, *FIVE_BY_FIVE["cells"][1:]]})
    )["refused"][0]  # fmt: skip
    assert post(first_line, "matrices/effect/", **draft).status_code == 403


@pytest.mark.parametrize("path", ["appetites", "authorities", "matrices", "categories"])
@pytest.mark.parametrize("count", [1, 3])
def test_lists_cost_the_same_for_any_number(
    second_line: LoggedIn, path: str, count: int, django_assert_max_num_queries: Any
) -> None:
    for _n in range(count):
        AppetiteFactory(category=CategoryFactory())
    AuthorityFactory.create_batch(count)
    second_line.get(f"/api/v1/{path}/")
    with django_assert_max_num_queries(9):
        assert second_line.get(f"/api/v1/{path}/").status_code == 200
    assert Matrix.objects.count() == 1

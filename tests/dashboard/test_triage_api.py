"""Triage through the API: said of one group or of many, and taken back, as on My items."""

from __future__ import annotations

from typing import Any

import pytest

from desk.models import Comment
from organisation.models import Solution
from risks.models import Triage
from tests.conftest import LoggedIn, LogIn
from tests.dashboard.test_my_items import a_group, key_of, owner, payments
from tests.factories import GrantFactory, SolutionFactory, UserFactory

__all__ = ["owner", "payments"]
pytestmark = pytest.mark.django_db


def post(browser: LoggedIn, path: str, **said: Any) -> Any:
    return browser.post(f"/api/v1/items/{path}", said, content_type="application/json")


def test_a_group_is_read_and_spoken_of(owner: LoggedIn, payments: Solution) -> None:
    key = key_of(a_group(payments, "S3.8", failed=2), payments)
    ana = GrantFactory(solution=payments, person__name="Ana", person__first_line=True).person
    told = owner.get(f"/api/v1/items/groups/{key}/").json()
    assert (told["key"], told["failing"], told["account"], told["triage"]) == (key, 2, "111122223333", None)
    said = {"status": "doing", "assigned_to": ana.public_id, "link": "https://git.example.org/7", "comment": "On it"}
    answer = post(owner, f"groups/{key}/say/", **said).json()
    triage = answer["group"]["triage"]
    assert (triage["status"], triage["assigned_to"]["name"], triage["link"]) == (
        "doing", "Ana", "https://git.example.org/7",
    )  # fmt: skip
    assert Comment.objects.get().text == "On it"
    past = post(owner, f"groups/{key}/say/", planned_on="2020-01-01")
    assert past.json()["errors"] == {"planned_on": ["It lies in the past: say when it will be done."]}
    other = UserFactory(first_line=True)
    assert post(owner, f"groups/{key}/say/", assigned_to=other.public_id).status_code == 404
    assert post(owner, "undo/", batch=answer["batch"]).json() == {"back": 1, "left": 0}
    assert Triage.objects.get().status == "to_do"


def test_many_are_changed_at_once_and_taken_back_as_one(owner: LoggedIn, payments: Solution, log_in: LogIn) -> None:
    keys = [key_of(a_group(payments, name), payments) for name in ("S3.8", "EC2.8")]
    nothing = post(owner, "bulk/", keys=keys)
    assert nothing.json()["errors"] == {"refused": ["Say a status, or that they are yours."]}
    told = post(owner, "bulk/", keys=keys, status="waiting", mine=True).json()
    assert told["changed"] == 2
    assert set(Triage.objects.values_list("status", "assigned_to")) == {("waiting", owner.person.pk)}
    colleague = log_in(UserFactory(first_line=True, owns=[payments]))
    refused = post(colleague, "undo/", batch=told["batch"])
    assert refused.json()["errors"] == {"refused": ["There is no such change of yours."]}
    post(owner, f"groups/{keys[0]}/say/", status="done")
    assert post(owner, "undo/", batch=told["batch"]).json() == {"back": 1, "left": 1}


def test_what_is_not_theirs_is_not_there(owner: LoggedIn, second_line: LoggedIn, payments: Solution) -> None:
    key, mine = key_of(a_group(SolutionFactory(), "S3.8"), payments), key_of(a_group(payments, "EC2.8"), payments)
    assert owner.get(f"/api/v1/items/groups/{key}/").status_code == 404
    assert post(owner, f"groups/{key}/say/", status="done").status_code == 404
    assert post(owner, "bulk/", keys=[key], status="done").status_code == 404
    assert post(second_line, f"groups/{mine}/say/", status="done").status_code == 403

"""Solutions and accounts for programs: what the pages show and do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audit import clock
from organisation.models import Grant, Solution
from tests.clock import at
from tests.conftest import LoggedIn
from tests.factories import AccountFactory, GrantFactory, SolutionAccountFactory, SolutionFactory, UserFactory

pytestmark = pytest.mark.django_db
API = "/api/v1/solutions/"
JSON = "application/json"


def post(browser: Client, path: str, **said: Any) -> Any:
    return browser.post(f"{API}{path}", said, JSON)


def test_a_solution_is_added_and_told_where_it_lives_and_who_owns_it(administrator: LoggedIn) -> None:
    account, owner = AccountFactory(), UserFactory(first_line=True)
    with at("2026-03-31"):
        made = post(administrator, "add/", name="Payments", description="Takes cards.")
        assert (made.status_code, made.json()["name"]) == (201, "Payments")
        one = f"{made.json()['id']}/"
        post(administrator, f"{one}accounts/add/", account=account.account_id, whole=False, until="2026-12-31")
        post(administrator, f"{one}tag-rules/add/", key="solution", value="pay*")
        told = post(administrator, f"{one}people/add/", person=owner.public_id, kind="owner", reason="Leads").json()
    (place,), (rule,), (person,) = told["accounts"], told["tag_rules"], told["people"]
    assert (place["account"], place["whole"], place["valid_to"]) == (account.account_id, False, "2027-01-01T00:00:00Z")
    assert (rule["key"], rule["value"], rule["valid_to"]) == ("solution", "pay*", None)
    assert (person["person"], person["kind"]) == (owner.public_id, "owner")
    for part, row in (("accounts", place), ("tag-rules", rule), ("people", person)):
        ended = post(administrator, f"{one}{part}/{row['id']}/end/", reason="Moved")
        assert ended.status_code == 200, ended.content
        assert post(administrator, f"{one}{part}/{row['id']}/end/", reason="Moved").status_code == 404
    assert [ended.json()[name] for name in ("accounts", "tag_rules", "people")] == [[], [], []]


def test_what_the_form_refuses_the_api_refuses_in_the_same_words(second_line: LoggedIn) -> None:
    solution, other = SolutionFactory(name="Payments"), SolutionFactory(name="Cards")
    place = SolutionAccountFactory(solution=solution)
    stranger, one = UserFactory(second_line=True), f"{solution.public_id}/"
    yesterday = str(timezone.localdate(clock.now()) - timedelta(days=1))
    for path, said, errors in (
        ("add/", {"name": "payments"}, {"name": ["Another solution has this name."]}),
        (f"{one}change/", {"name": other.name}, {"name": ["Another solution has this name."]}),
        (f"{one}retire/", {}, {"reason": ["This field is required."]}),
        (
            f"{one}accounts/add/",
            {"account": place.account.account_id, "whole": True},
            {"account": ["Select a valid choice. That choice is not one of the available choices."]},
        ),
        (
            f"{one}tag-rules/add/",
            {"key": "a", "value": "b", "since": yesterday},
            {"since": ["It cannot begin in the past."]},
        ),
        (
            f"{one}people/add/",
            {"person": stranger.public_id, "kind": "member", "reason": "x", "until": yesterday},
            {
                "person": ["Select a valid choice. That choice is not one of the available choices."],
                "until": ["This day is over."],
            },
        ),
    ):
        answer = post(second_line, path, **said)
        assert (answer.status_code, answer.json().get("errors")) == (400, errors), path
    assert post(second_line, f"{one}accounts/add/", account="000000000000", whole=True).status_code == 404


def test_nobody_overwrites_what_they_have_not_read(second_line: LoggedIn) -> None:
    solution = SolutionFactory(name="Payments")
    one = f"{solution.public_id}/change/"
    assert post(second_line, one, name="Cards", version=1).json()["version"] == 2
    assert post(second_line, one, name="Cash", version=1).status_code == 409
    stale = second_line.post(f"{API}{one}", {"name": "Cash"}, JSON, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    held = second_line.post(f"{API}{one}", {"name": "Cash"}, JSON, headers={"If-Match": '"2"'})
    assert (held.status_code, Solution.objects.get().name) == (200, "Cash")


def test_a_retired_solution_is_read_and_changed_no_more(second_line: LoggedIn) -> None:
    solution = GrantFactory(kind=Grant.Kind.OWNER).solution
    one = f"{solution.public_id}/"
    answer = post(second_line, f"{one}retire/", reason="Sold")
    assert (answer.status_code, answer.json()["people"], answer.json()["retired_at"] is not None) == (200, [], True)
    assert second_line.get(f"{API}{one}").json() == answer.json()
    assert post(second_line, f"{one}change/", name="x").status_code == 404


def test_who_may_not_manage_may_not(first_line: LoggedIn, third_line: LoggedIn) -> None:
    for browser in (first_line, third_line):
        assert post(browser, "add/", name="x").status_code == 403


def test_solutions_are_narrowed_as_on_the_page(second_line: LoggedIn) -> None:
    owned = GrantFactory(kind=Grant.Kind.OWNER).solution
    ownerless = SolutionFactory(name="Orphan")
    listed = {
        state: [one["id"] for one in second_line.get(API, {"state": state}).json()["results"]]
        for state in ("in_use", "ownerless", "retired")
    }
    assert set(listed["in_use"]) == {owned.public_id, ownerless.public_id}
    assert (listed["ownerless"], listed["retired"]) == ([ownerless.public_id], [])
    assert [one["name"] for one in second_line.get(API, {"q": "orph"}).json()["results"]] == ["Orphan"]


@pytest.mark.parametrize("count", [1, 3])
def test_accounts_are_listed_with_whose_they_are(
    second_line: LoggedIn, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    places = SolutionAccountFactory.create_batch(count)
    unclaimed = AccountFactory()
    with django_assert_num_queries(5):
        rows = second_line.get("/api/v1/accounts/").json()["results"]
    assert {row["id"]: row["solutions"] for row in rows} == {
        unclaimed.account_id: [],
        **{place.account.account_id: [place.solution.public_id] for place in places},
    }
    (row,) = second_line.get("/api/v1/accounts/", {"state": "unclaimed"}).json()["results"]
    assert row["id"] == unclaimed.account_id

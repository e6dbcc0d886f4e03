"""People, groups and standing in for programs: what the pages show and do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from audit import clock
from audit.models import TrailEntry
from desk import outbox
from organisation.models import Delegation, GroupMapping, User
from tests.clock import after
from tests.conftest import LoggedIn, LogIn, Program
from tests.factories import GrantFactory, SolutionFactory, UserFactory

pytestmark = pytest.mark.django_db
PEOPLE = "/api/v1/people/"
JSON = "application/json"


def post(browser: Client, path: str, **said: Any) -> Any:
    return browser.post(f"/api/v1/{path}", said, JSON)


def in_days(days: int) -> str:
    return str(timezone.localdate(clock.now()) + timedelta(days=days))


def test_a_person_is_added_and_invited(administrator: LoggedIn) -> None:
    said = {"name": "Ana", "email": "Ana@Example.org", "role": "first", "reason": "Joined"}
    made = post(administrator, "people/add/", **said)
    assert (made.status_code, "no-store" in made["Cache-Control"]) == (201, True)
    person = made.json()["person"]
    assert (person["email"], person["roles"]) == ("ana@example.org", ["first"])
    assert outbox.deliver() == 1
    assert made.json()["link"] in mail.outbox[0].body
    again = post(administrator, "people/add/", **said)
    assert again.json()["errors"] == {"email": ["Somebody with this e-mail address is here already."]}
    assert post(administrator, f"people/{person['id']}/invite/").json()["link"].startswith("http://testserver/account/")


@pytest.mark.parametrize("path", ["people/add/", "people/{id}/invite/"])
def test_a_link_is_kept_by_no_key(administrator: LoggedIn, path: str) -> None:
    said = {"name": "Ana", "email": "ana@example.org", "reason": "Joined"}
    address = f"/api/v1/{path.format(id=UserFactory().public_id)}"
    answer = administrator.post(address, said, JSON, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, "without Idempotency-Key" in answer.json()["detail"]) == (400, True)
    assert not User.objects.filter(email="ana@example.org").exists()


def test_a_role_is_given_and_ended(administrator: LoggedIn) -> None:
    person = UserFactory(first_line=True)
    one = f"people/{person.public_id}/"
    refused = post(administrator, f"{one}roles/give/", role="second", reason="x")
    assert "One person stands on one line" in refused.json()["errors"]["refused"][0]
    told = post(administrator, f"{one}roles/give/", role="second", reason="A team of one", combine=True).json()
    assert told["roles"] == ["first", "second"]
    held = next(row for row in told["held"] if row["role"] == "second")
    assert (held["reason"], held["granted_by"]) == ("A team of one", administrator.person.public_id)
    told = post(administrator, f"{one}roles/{held['id']}/end/", reason="Over").json()
    assert (told["roles"], len(told["held"])) == (["first"], 2)
    assert post(administrator, f"{one}roles/{held['id']}/end/", reason="Over").status_code == 404


def test_a_log_in_is_closed_and_opened_again(administrator: LoggedIn, log_in: LogIn) -> None:
    ana = log_in(first_line=True).person
    one = f"people/{ana.public_id}/"
    assert (post(administrator, f"{one}log-out/", reason="Lost laptop").json())["logged_in"] == []
    closed = post(administrator, f"{one}close/", reason="Left").json()
    assert (closed["is_active"], closed["roles"]) == (False, [])
    assert post(administrator, f"{one}close/", reason="Left").status_code == 404
    listed = administrator.get(PEOPLE, {"state": "closed"}).json()["results"]
    assert [row["id"] for row in listed] == [ana.public_id]
    assert post(administrator, f"{one}open/", reason="Back").json()["is_active"] is True
    own = f"people/{administrator.person.public_id}/"
    assert (
        "Nobody closes their own log-in"
        in post(administrator, f"{own}close/", reason="x").json()["errors"]["refused"][0]
    )
    assert post(administrator, f"{own}second-factor/forget/", reason="x").status_code == 404
    lifted = post(administrator, f"{own}roles/give/", role="second", combine=True, reason="x")
    assert lifted.json()["errors"] == {"refused": ["Nobody gives a role to themselves; another administrator can."]}
    assert TrailEntry.objects.filter(action="own_work.refused", actor=administrator.person.public_id).exists()
    for what in ("second-factor", "single-sign-on"):
        assert post(administrator, f"{one}{what}/forget/", reason="Lost").status_code == 200


def test_who_oversees_reads_and_manages_nobody(second_line: LoggedIn, first_line: LoggedIn) -> None:
    grant = GrantFactory()
    told = second_line.get(f"{PEOPLE}{grant.person.public_id}/").json()
    assert [(row["solution"], row["kind"]) for row in told["grants"]] == [(grant.solution.public_id, grant.kind)]
    assert (told["logged_in"], told["second_factors"], told["by_single_sign_on"]) == (None, None, None)
    assert first_line.get(PEOPLE).status_code == 403
    assert post(second_line, f"people/{grant.person.public_id}/close/", reason="x").status_code == 403


def test_managing_people_asks_who_is_there_and_no_token_does_it(administrator: LoggedIn, settings: Settings) -> None:
    settings.STEP_UP_MINUTES = 15
    path = f"people/{UserFactory().public_id}/close/"
    with after(minutes=16):
        asked = post(administrator, path, reason="Left")
        assert (asked.status_code, "confirm_at" in asked.json()) == (403, True)
    program = Program(UserFactory(administrator=True), writes=True)
    assert post(program, path, reason="Left").json()["detail"].startswith("No token does this")


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_people_costs_the_same_for_any_number(
    second_line: LoggedIn, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    UserFactory.create_batch(count, third_line=True)
    with django_assert_num_queries(5):
        rows = second_line.get(PEOPLE, {"role": "third"}).json()["results"]
    assert len(rows) == count


def test_a_group_stands_for_a_line_or_a_part(administrator: LoggedIn) -> None:
    solution = SolutionFactory()
    line = post(administrator, "groups/add/", group="risk", stands_for="second", reason="The risk team").json()
    assert (line["group"], line["role"], line["solution"]) == ("risk", "second", None)
    twice = post(administrator, "groups/add/", group="risk", stands_for="third", reason="x")
    assert twice.json()["errors"] == {"stands_for": ["The group stands for a line already: Second line."]}
    lost = post(administrator, "groups/add/", group="pay", stands_for="owner", reason="x")
    assert lost.json()["errors"] == {"solution": ["Choose the solution."]}
    part = post(
        administrator, "groups/add/", group="pay", stands_for="owner", solution=solution.public_id, reason="Theirs"
    ).json()  # fmt: skip
    assert (part["solution"], part["kind"], part["role"]) == (solution.public_id, "owner", "")
    assert [row["group"] for row in administrator.get("/api/v1/groups/").json()["results"]] == ["pay", "risk"]
    assert post(administrator, f"groups/{line['id']}/end/", reason="Moved").status_code == 200
    assert [row["id"] for row in administrator.get("/api/v1/groups/", {"state": "ended"}).json()["results"]] == [
        line["id"]
    ]
    assert GroupMapping.objects.not_ended(clock.now()).get().group == "pay"


def test_somebody_stands_in_while_one_is_away(second_line: LoggedIn, log_in: LogIn) -> None:
    ben, stranger = UserFactory(second_line=True), UserFactory(first_line=True)
    said = {"delegate": ben.public_id, "until": in_days(7), "reason": "Leave"}
    assert "Select a valid choice" in str(
        post(second_line, "delegations/give/", **{**said, "delegate": stranger.public_id}).content
    )
    made = post(second_line, "delegations/give/", **said)
    assert (made.status_code, made.json()["delegate"]) == (201, ben.public_id)
    twice = post(second_line, "delegations/give/", **said)
    assert "one person at a time" in twice.json()["errors"]["refused"][0]
    (row,) = log_in(ben).get("/api/v1/delegations/").json()["results"]
    assert row == made.json()
    end = f"delegations/{row['id']}/end/"
    assert post(log_in(ben), end, reason="x").status_code == 404
    assert post(second_line, end, reason="Back early").status_code == 200
    assert post(second_line, end, reason="Back early").status_code == 404


def test_one_that_is_called_off_before_it_begins_is_answered_still(second_line: LoggedIn) -> None:
    ben = UserFactory(second_line=True)
    said = {"delegate": ben.public_id, "since": in_days(3), "until": in_days(7), "reason": "Leave"}
    made = post(second_line, "delegations/give/", **said).json()
    ended = post(second_line, f"delegations/{made['id']}/end/", reason="Stays").json()
    assert ended["valid_to"] == ended["valid_from"]


def test_an_administrator_arranges_it_for_who_is_away_already(administrator: LoggedIn, second_line: LoggedIn) -> None:
    ana, ben = UserFactory(second_line=True), UserFactory(second_line=True)
    path = f"people/{ana.public_id}/stand-in/"
    said = {"delegate": ben.public_id, "until": in_days(7), "reason": "Ill"}
    assert post(second_line, path, **said).status_code == 403
    made = post(administrator, path, **said).json()
    assert (made["delegator"], made["delegate"]) == (ana.public_id, ben.public_id)
    told = administrator.get(f"{PEOPLE}{ana.public_id}/").json()
    assert [row["id"] for row in told["stood_in_for_by"]] == [made["id"]]
    assert post(administrator, f"delegations/{made['id']}/end-for/", reason="Well again").status_code == 200
    assert not Delegation.objects.in_force(clock.now()).exists()

"""One's own log-in for programs: tokens, where one is logged in, preferences, and who may do what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from audit import clock
from organisation.models import AnsweredCall, ApiToken, Role
from organisation.permissions import MAY, STEP_UP
from tests.conftest import LoggedIn, LogIn, Program
from tests.factories import ApiTokenFactory, UserFactory
from tests.factories.organisation import PASSWORD

pytestmark = pytest.mark.django_db
JSON = "application/json"


def post(browser: Client, path: str, **said: Any) -> Any:
    return browser.post(f"/api/v1/{path}", said, JSON)


def in_days(days: int) -> str:
    return str(timezone.localdate(clock.now()) + timedelta(days=days))


def test_a_token_is_made_and_its_secret_told_once(first_line: LoggedIn) -> None:
    made = post(first_line, "tokens/make/", name="Build", scope="write", areas=["finding"], until=in_days(30))
    assert (made.status_code, "no-store" in made["Cache-Control"]) == (201, True)
    secret = made.json()["secret"]
    (row,) = first_line.get("/api/v1/tokens/").json()["results"]
    assert {**row, "secret": secret} == made.json()
    assert (row["person"], row["state"], row["areas"]) == (first_line.person.public_id, "live", ["finding"])
    called = Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/me/")
    assert called.json()["token"]["id"] == row["id"]


def test_a_secret_is_kept_by_no_key(first_line: LoggedIn) -> None:
    said = {"name": "Build", "scope": "read", "until": in_days(30)}
    refused = first_line.post("/api/v1/tokens/make/", said, JSON, headers={"Idempotency-Key": "k"})
    assert (refused.status_code, refused.json()["detail"]) == (
        400, "What this answers is told once and kept nowhere: send it without Idempotency-Key.",
    )  # fmt: skip
    assert not ApiToken.objects.exists()
    assert not AnsweredCall.objects.exists()


def test_a_token_lasts_a_year_and_opens_what_its_person_may(first_line: LoggedIn) -> None:
    refused = post(first_line, "tokens/make/", name="Build", scope="read", areas=["trail"], until=in_days(400))
    assert refused.json()["errors"] == {
        "areas": ["Select a valid choice. trail is not one of the available choices."],
        "until": ["A token lasts a year at most."],
    }


def test_no_token_makes_another(db: None) -> None:
    program = Program(UserFactory(first_line=True), writes=True)
    refused = post(program, "tokens/make/", name="Build", scope="read", until=in_days(30))
    assert (refused.status_code, ApiToken.objects.count()) == (403, 1)


def test_a_token_is_revoked_by_its_person_and_by_an_administrator(
    first_line: LoggedIn, administrator: LoggedIn
) -> None:
    mine, theirs = ApiTokenFactory(person=first_line.person), ApiTokenFactory()
    assert post(first_line, f"tokens/{theirs.public_id}/revoke/", reason="x").status_code == 404
    assert post(first_line, f"tokens/{mine.public_id}/revoke/", reason="Leaked").json()["state"] == "revoked"
    assert post(first_line, f"tokens/{mine.public_id}/revoke/", reason="Leaked").status_code == 404
    revoked = post(administrator, f"tokens/{theirs.public_id}/revoke/", reason="Leaked").json()
    assert (revoked["state"], revoked["revoked_by"]) == ("revoked", administrator.person.public_id)
    everybodys = administrator.get("/api/v1/tokens/everybody/").json()["results"]
    assert [row["id"] for row in everybodys] == [theirs.public_id, mine.public_id]
    of_one = administrator.get("/api/v1/tokens/everybody/", {"person": theirs.person.public_id}).json()["results"]
    assert [row["id"] for row in of_one] == [theirs.public_id]
    assert first_line.get("/api/v1/tokens/everybody/").status_code == 403


def test_one_sees_where_one_is_logged_in_and_ends_it(log_in: LogIn) -> None:
    ana = UserFactory(first_line=True)
    here, there = Client(), Client()
    for browser in (there, here):
        browser.post("/account/login/", {"login": ana.email, "password": PASSWORD})
    rows = {row["is_this"]: row for row in here.get("/api/v1/sessions/").json()["results"]}
    assert set(rows) == {True, False}
    assert log_in(first_line=True).post(f"/api/v1/sessions/{rows[False]['id']}/end/").status_code == 404
    assert here.post(f"/api/v1/sessions/{rows[False]['id']}/end/").status_code == 204
    assert (there.get("/api/v1/me/").status_code, here.get("/api/v1/me/").status_code) == (401, 200)


def test_preferences_are_read_and_kept(first_line: LoggedIn) -> None:
    answer = first_line.put("/api/v1/preferences/", {"name": "Ana", "time_zone": "Pacific/Auckland"}, JSON)
    assert (answer.status_code, answer.json()) == (200, first_line.get("/api/v1/preferences/").json())
    assert (answer.json()["name"], answer.json()["time_zone"]) == ("Ana", "Pacific/Auckland")
    refused = first_line.put("/api/v1/preferences/", {"name": "Ana", "time_zone": "Mars/Base"}, JSON)
    assert list(refused.json()["errors"]) == ["time_zone"]


def test_the_table_of_permissions_is_the_one_that_is_enforced(first_line: LoggedIn) -> None:
    rows = first_line.get("/api/v1/permissions/").json()
    told = {row["action"]: (set(row["roles"]), row["confirms"]) for row in rows}
    assert told == {action: (set(roles), action in STEP_UP) for action, roles in MAY.items()}
    assert set(Role.values) >= {role for row in rows for role in row["roles"]}

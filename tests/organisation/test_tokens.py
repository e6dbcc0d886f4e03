"""Programs call with a token of a person: what it opens, what it never opens, and who takes it back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from audit.models import TrailEntry
from organisation.models import ApiToken, Grant, User
from organisation.models.token import digest_of
from tests.clock import after
from tests.conftest import LoggedIn, LogIn, Program
from tests.factories import ApiTokenFactory, GrantFactory, RoleAssignmentFactory, SolutionFactory, UserFactory
from tests.factories.organisation import secret_of

TOKENS = "/organisation/tokens/"
ME = "/api/v1/me/"
PROBLEM = "application/problem+json"


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def said(**more: object) -> dict[str, object]:
    return {"name": "Build of payments", "scope": "read", "until": in_days(30), **more}


def calling(secret: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {secret}"})


def comment(program: Client, solution: object) -> str:
    return f"/api/v1/subjects/solution/{solution.public_id}/comments/"  # type: ignore[attr-defined]


def test_a_person_makes_a_token_that_is_shown_once(first_line: LoggedIn) -> None:
    made = first_line.post(f"{TOKENS}add/", said())
    (secret,) = set(re.findall(r"cpt_[\w-]{43}", made.content.decode()))
    assert "no-store" in made["Cache-Control"]
    token = ApiToken.objects.get()
    assert (token.person, token.name, token.scope, token.areas) == (
        first_line.person,
        "Build of payments",
        "read",
        [],
    )
    assert token.digest == digest_of(secret)
    shown = first_line.get(TOKENS).content.decode()
    assert "1 program may call for you" in shown
    assert secret not in shown
    assert calling(secret).get(ME).json()["id"] == first_line.person.public_id
    entry = TrailEntry.objects.get(action="token.made")
    assert entry.object_id == token.public_id
    assert secret not in str(entry.detail)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "This field is required."),
        ("scope", "everything", "Select a valid choice."),
        ("areas", "connection", "Select a valid choice."),
        ("until", "", "This field is required."),
        ("until", in_days(-2), "This day is over."),
        ("until", in_days(368), "A token lasts a year at most."),
    ],
)
def test_a_token_that_cannot_be_is_not_made(first_line: LoggedIn, field: str, value: str, words: str) -> None:
    answer = first_line.post(f"{TOKENS}add/", said(**{field: value}))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_the_database_refuses_a_token_for_longer_than_a_year(db: None) -> None:
    with pytest.raises(IntegrityError):
        ApiTokenFactory(expires_at=datetime.now(UTC) + timedelta(days=400))


def test_making_one_asks_who_is_there(first_line: LoggedIn, settings: Settings) -> None:
    settings.STEP_UP_MINUTES = 15
    with after(minutes=16):
        assert first_line.post(f"{TOKENS}add/", said()).status_code == 302
    assert not ApiToken.objects.exists()


def test_a_token_sees_what_its_person_sees(db: None) -> None:
    SolutionFactory()
    mine = SolutionFactory()
    program = Program(UserFactory(first_line=True, owns=[mine]))
    told = program.get("/api/v1/solutions/").json()
    assert [one["id"] for one in told["results"]] == [mine.public_id]
    refused = program.get("/api/v1/people/")
    assert (refused.status_code, refused["Content-Type"]) == (403, PROBLEM)
    assert refused.json()["detail"].startswith("It needs one of these roles")


def test_a_token_that_reads_changes_nothing(db: None) -> None:
    solution = SolutionFactory()
    program = Program(UserFactory(second_line=True))
    refused = program.post(comment(program, solution), {"text": "Hello"}, "application/json")
    assert (refused.status_code, refused["Content-Type"]) == (403, PROBLEM)
    assert refused.json()["detail"] == "This token only reads."


def test_what_a_token_writes_is_on_the_trail_with_its_id(db: None) -> None:
    """Without a cookie, so without the check against forged forms."""
    solution = SolutionFactory()
    program = Program(UserFactory(second_line=True), writes=True)
    made = program.post(comment(program, solution), {"text": "Hello"}, "application/json")
    assert made.status_code == 201, made.content
    entry = TrailEntry.objects.get(action="comment.written")
    assert (entry.actor, entry.detail["by_token"]) == (program.person.public_id, program.token.public_id)


def test_what_a_person_does_afterwards_names_no_token(log_in: LogIn) -> None:
    program = Program(UserFactory(second_line=True))
    program.get(ME)
    log_in(program.person).post("/organisation/solutions/add/", {"name": "Payments"})
    assert "by_token" not in TrailEntry.objects.get(action="solution.added").detail


def test_a_cookie_still_needs_the_check_against_forged_forms(second_line: LoggedIn) -> None:
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(second_line.person)
    answer = forged.post(comment(forged, SolutionFactory()), {"text": "Hello"}, "application/json")
    assert (answer.status_code, answer["Content-Type"]) == (403, PROBLEM)
    assert answer.json()["detail"].startswith("CSRF Failed")


def test_a_token_made_for_an_area_opens_no_other(db: None) -> None:
    program = Program(UserFactory(second_line=True), areas=["evidence"])
    assert program.get("/api/v1/evidence/").status_code == 200
    refused = program.get("/api/v1/risks/")
    assert (refused.status_code, refused.json()["detail"]) == (403, "This token is not made for “risk”.")
    told = program.get(ME).json()
    assert set(told["may"]) == {"api.read_schema", "evidence.add", "evidence.view", "evidence.verify", "self.view"} | {
        "evidence.withdraw"
    }
    assert told["token"] == {
        "id": program.token.public_id,
        "name": program.token.name,
        "scope": "read",
        "areas": ["evidence"],
        "expires_at": told["token"]["expires_at"],
    }


def test_no_token_does_what_asks_people_to_confirm(db: None) -> None:
    program = Program(UserFactory(first_line=True), writes=True)
    refused = program.post("/api/v1/exceptions/X-1/accept/", {}, "application/json")
    assert refused.status_code == 403
    assert refused.json()["detail"] == "No token does this: a person does, who confirms that it is them."


def test_a_token_opens_no_page(db: None) -> None:
    program = Program(UserFactory(second_line=True), writes=True)
    for page in ("/", TOKENS, "/organisation/solutions/"):
        assert program.get(page).status_code == 302


def test_a_token_does_today_what_its_person_may_today(db: None) -> None:
    program = Program(UserFactory(), writes=True)
    role = RoleAssignmentFactory(person=program.person, role="second")
    assert program.get("/api/v1/people/").status_code == 200
    role.close(datetime.now(UTC))
    assert program.get("/api/v1/people/").status_code == 403
    assert program.get(ME).status_code == 403


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer cpt_unknown", "bearer x y"])
def test_what_is_no_token_is_refused_whatever_the_cookie(second_line: LoggedIn, header: str) -> None:
    answer = second_line.get(ME, headers={"Authorization": header})
    assert (answer.status_code, answer["Content-Type"]) == (401, PROBLEM)
    assert answer["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'
    assert answer.json()["detail"] == "Nobody has this token."


def test_without_a_token_the_answer_says_how_to_come_in(db: None) -> None:
    answer = Client().get(ME)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    assert "Authorization" in answer["Vary"]


def test_a_token_ends_on_its_day(db: None) -> None:
    program = Program(UserFactory(second_line=True))
    with after(days=89):
        assert program.get(ME).status_code == 200
    with after(days=91):
        answer = program.get(ME)
    assert (answer.status_code, answer.json()["detail"]) == (401, "This token has expired: make a new one.")


def test_a_token_does_not_survive_its_persons_log_in(administrator: LoggedIn) -> None:
    program = Program(UserFactory(second_line=True))
    page = f"/organisation/people/{program.person.public_id}/"
    administrator.post(f"{page}close/", {"reason": "Left"})
    assert program.get(ME).status_code == 401
    administrator.post(f"{page}open/", {"reason": "Came back"})
    RoleAssignmentFactory(person=program.person, role="second")
    answer = program.get(ME)
    assert (answer.status_code, answer.json()["detail"]) == (401, "This token was revoked.")
    entry = TrailEntry.objects.get(action="token.revoked")
    assert entry.detail == {"name": program.token.name, "of": program.person.public_id, "because": "Left"}


def test_a_closed_log_in_alone_is_enough(db: None) -> None:
    program = Program(UserFactory(second_line=True))
    User.objects.filter(pk=program.person.pk).update(is_active=False)
    assert program.get(ME).status_code == 401


def test_an_auditors_token_ends_with_their_access(db: None) -> None:
    grant = GrantFactory(person=UserFactory(external=True), kind=Grant.Kind.ASSURANCE)
    program = Program(grant.person)
    assert program.get(ME).status_code == 200
    grant.close(datetime.now(UTC))
    answer = program.get(ME)
    assert answer.status_code == 401
    assert answer.json()["detail"].startswith("Your access ended on")


def test_a_token_needs_the_second_factor_that_its_person_needs(db: None, settings: Settings) -> None:
    settings.MFA_REQUIRED_FOR = {"second"}
    program = Program(UserFactory(second_line=True))
    answer = program.get(ME)
    assert (answer.status_code, "set_up_at" in answer.json()) == (403, True)
    assert Program(UserFactory(second_line=True), second_factor_by_provider=True).get(ME).status_code == 200


def test_a_person_revokes_their_token(log_in: LogIn) -> None:
    program = Program(UserFactory(first_line=True))
    browser = log_in(program.person)
    page = f"{TOKENS}{program.token.public_id}/revoke/"
    assert browser.post(page, {"reason": ""}).status_code == 422
    answer = browser.post(page, {"reason": "Lay in a log"}, follow=True)
    assert "opens nothing any more" in answer.content.decode()
    assert program.get(ME).status_code == 401
    assert browser.get(page).status_code == 404
    entry = TrailEntry.objects.get(action="token.revoked")
    assert (entry.actor, entry.detail["because"]) == (program.person.public_id, "Lay in a log")


def test_an_administrator_sees_and_revokes_everybodys(administrator: LoggedIn) -> None:
    program, other = Program(UserFactory(first_line=True)), ApiTokenFactory()
    shown = administrator.get(f"{TOKENS}everybody/?person={program.person.public_id}").content.decode()
    assert program.token.name in shown
    assert other.name not in shown.replace(program.token.name, "")
    assert other.name in administrator.get(f"{TOKENS}everybody/").content.decode()
    assert other.digest not in shown
    administrator.post(f"{TOKENS}{program.token.public_id}/revoke/", {"reason": "Left the team"})
    assert program.get(ME).status_code == 401
    token = ApiToken.objects.get(pk=program.token.pk)
    assert token.revoked_by == administrator.person.public_id


def test_the_last_use_is_kept_once_a_minute(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    program = Program(UserFactory(second_line=True))
    with django_assert_num_queries(4):
        program.get(ME, REMOTE_ADDR="203.0.113.9")
    token = ApiToken.objects.get()
    first = token.last_used_at
    assert (token.last_used_from, first is not None) == ("203.0.113.9", True)
    with django_assert_num_queries(3):
        program.get(ME)
    assert ApiToken.objects.get().last_used_at == first
    with after(minutes=2):
        program.get(ME)
    assert ApiToken.objects.get().last_used_at != first


def test_a_call_leaves_no_session(db: None) -> None:
    answer = Program(UserFactory(second_line=True)).get(ME)
    assert not answer.cookies


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_of_tokens_costs_the_same_for_any_number(
    administrator: LoggedIn, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        ApiTokenFactory()
        ApiTokenFactory(person=administrator.person)
    for page, queries in ((TOKENS, 8), (f"{TOKENS}everybody/", 8)):
        administrator.get(page)
        with django_assert_num_queries(queries):
            administrator.get(page)


def test_the_secret_of_the_factory_is_no_other(db: None) -> None:
    token = ApiTokenFactory()
    assert ApiToken.objects.with_secret(secret_of(token)).get() == token

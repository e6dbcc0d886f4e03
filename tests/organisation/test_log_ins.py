from datetime import timedelta
from hashlib import sha1
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from audit.models import TrailEntry
from organisation.models import Role
from tests.clock import after
from tests.factories import GrantFactory, RoleAssignmentFactory, UserFactory
from tests.factories.organisation import PASSWORD
from tests.organisation.test_sessions import entered

LOG_IN = "/account/login/"
WRONG = "The e-mail address or the password is not right."


def tried(email: str, password: str = "wrong", address: str = "198.51.100.30", **headers: str) -> str:
    """What the log-in answers to somebody at this address."""
    said = {"login": email, "password": password}
    return Client(REMOTE_ADDR=address).post(LOG_IN, said, headers=headers, follow=True).content.decode()


def test_a_log_in_and_a_log_out_are_on_the_trail(db: None) -> None:
    person = UserFactory(first_line=True)
    entered(person, address="203.0.113.5").post("/account/logout/")
    entries = TrailEntry.objects.about("user", person.public_id).order_by("id")
    assert [(entry.action, entry.address) for entry in entries] == [
        ("person.logged_in", "203.0.113.5"),
        ("person.logged_out", "203.0.113.5"),
    ]


def test_a_wrong_password_is_on_the_trail_and_the_password_is_not(db: None) -> None:
    person = UserFactory()
    assert WRONG in tried(person.email, "hunter2hunter2", address="203.0.113.6")
    entry = TrailEntry.objects.get()
    assert (entry.action, entry.object_id, entry.address) == (
        "person.log_in_failed",
        person.public_id,
        "203.0.113.6",
    )
    assert "hunter2" not in str(entry.detail)


def test_an_unknown_address_gets_the_same_answer_and_is_not_kept(db: None) -> None:
    assert WRONG in tried("nobody-here@example.org", address="203.0.113.7")
    entry = TrailEntry.objects.get()
    assert (entry.action, entry.object_id) == ("person.log_in_failed", "")
    assert "nobody-here" not in f"{entry.detail}{entry.actor}{entry.actor_name}"


def test_five_failures_close_the_door_for_a_while_even_to_the_right_password(db: None) -> None:
    person = UserFactory(first_line=True)
    for n in range(5):
        assert WRONG in tried(person.email, address=f"203.0.113.{20 + n}")
    shut = tried(person.email, PASSWORD, address="203.0.113.40")
    assert "Too many attempts failed." in shut
    with after(minutes=16):
        entered(person, address="203.0.113.41")


def test_what_a_reader_claims_to_be_does_not_count(db: None) -> None:
    person = UserFactory()
    tried(person.email, address="203.0.113.50", **{"X-Forwarded-For": "192.0.2.1"})
    assert TrailEntry.objects.get().address == "203.0.113.50"


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(db: None, settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    person = UserFactory()
    tried(person.email, address="10.0.0.1", **{"X-Forwarded-For": "192.0.2.1, 203.0.113.60"})
    assert TrailEntry.objects.get().address == "203.0.113.60"


def test_somebody_from_outside_whose_role_is_over_is_told_so(db: None) -> None:
    ended = timezone.now() - timedelta(days=2)
    person = RoleAssignmentFactory(role=Role.EXTERNAL, valid_to=ended).person
    said = tried(person.email, PASSWORD)
    assert f"Your access ended on {ended:%-d %b %Y}." in said
    assert TrailEntry.objects.get().action == "person.log_in_refused"


def test_somebody_from_outside_whose_grants_are_over_is_told_so(db: None) -> None:
    person = UserFactory(external=True)
    GrantFactory(person=person, valid_to=timezone.now() - timedelta(days=2))
    assert "Your access ended on" in tried(person.email, PASSWORD)
    GrantFactory(person=person)
    assert entered(person).get("/").status_code == 200


def test_who_does_not_know_the_password_is_not_told(db: None) -> None:
    person = RoleAssignmentFactory(role=Role.EXTERNAL, valid_to=timezone.now() - timedelta(days=2)).person
    assert WRONG in tried(person.email)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "This password is too short. It must contain at least 12 characters."),
        ("qwerty123456", "This password is too common."),
        ("robin-example-password", "“example” is easy to guess here: leave it out."),
        ("Kimberley and the sea", "“kimberley” is easy to guess here"),
        ("compliance-2026-winter", "“compliance” is easy to guess here"),
        ("northwind0000000", "“northwind” is easy to guess here"),
        ("all lower and no digits", ""),
        ("584930218473", ""),
    ],
)
def test_a_password_is_long_not_common_has_no_word_of_here_and_nothing_else(
    db: None, settings: Settings, password: str, why: str
) -> None:
    settings.ORGANISATION_NAME = "Northwind Ltd"
    browser = entered(UserFactory(first_line=True, name="Kimberley Li"), address="203.0.113.70")
    said = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    answer = browser.post("/account/password/change/", said)
    assert (answer.status_code == 302) == (not why)
    assert why in answer.content.decode()


@pytest.mark.parametrize("password", [f"from a leak {n}" for n in range(5)])
def test_a_password_that_is_known_from_a_breach_is_refused(
    db: None, settings: Settings, tmp_path: Path, password: str
) -> None:
    leaked = [f"from a leak {n}" for n in range(5)] + [f"another {n}" for n in range(60)]
    hashes = sorted(sha1(one.encode(), usedforsecurity=False).hexdigest().upper() for one in leaked)
    file = tmp_path / "breached.txt"
    file.write_bytes(b"".join(f"{one}:{n}\r\n".encode() for n, one in enumerate(hashes)))
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": "organisation.guessable.NotBreached", "OPTIONS": {"file": str(file)}}]
    browser = entered(UserFactory(first_line=True), address="203.0.113.71")
    for wanted, status in ((password, 200), (f"not {password}", 302)):
        said = {"oldpassword": PASSWORD, "password1": wanted, "password2": wanted}
        answer = browser.post("/account/password/change/", said)
        assert answer.status_code == status
        assert ("known from a breach" in answer.content.decode()) == (status == 200)

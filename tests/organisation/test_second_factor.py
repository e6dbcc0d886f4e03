import re
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from audit.models import TrailEntry
from organisation.models import User
from tests.conftest import LoggedIn, LogIn
from tests.factories import UserFactory
from tests.factories.organisation import PASSWORD
from tests.organisation.test_sessions import entered

INDEX = "/account/2fa/"
STEP = "/account/2fa/authenticate/"


@pytest.fixture(autouse=True)
def asked_of_the_second_line(settings: Settings) -> None:
    settings.MFA_REQUIRED_FOR = {"second", "administrator"}


def code(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


def with_app(person: User) -> str:
    secret = str(generate_totp_secret())
    TOTP.activate(person, secret)
    return secret


def stepped(person: User) -> Client:
    """A browser in which the password was right."""
    browser = Client(REMOTE_ADDR="198.51.100.20")
    answer = browser.post("/account/login/", {"login": person.email, "password": PASSWORD})
    assert answer["Location"] == STEP
    return browser


def test_who_must_and_has_none_is_led_to_set_it_up_and_can_do_nothing_else(second_line: LoggedIn) -> None:
    for address in ("/", "/organisation/people/", "/account/sessions/", "/account/password/change/"):
        answer = second_line.get(address)
        assert (answer.status_code, answer["Location"]) == (302, INDEX), address
    assert "Your role asks for a second factor" in second_line.get("/", follow=True).content.decode()
    part = second_line.get("/organisation/people/", headers={"HX-Request": "true"})
    assert (part.status_code, part["HX-Redirect"]) == (403, INDEX)
    api = second_line.get("/api/v1/people/")
    assert (api.status_code, api.json()["set_up_at"]) == (403, f"http://testserver{INDEX}")


def test_the_other_lines_go_on(first_line: LoggedIn) -> None:
    assert first_line.get("/").status_code == 200


def test_an_app_is_set_up_and_opens_the_portal(second_line: LoggedIn, django_capture_on_commit_callbacks: Any) -> None:
    page = second_line.get(f"{INDEX}totp/activate/").content.decode()
    secret = re.search(r'id="secret" readonly value="([A-Z2-7]+)"', page)
    assert secret
    wrong = second_line.post(f"{INDEX}totp/activate/", {"code": "000000"})
    assert wrong.status_code == 200
    assert second_line.get("/").status_code == 302
    with django_capture_on_commit_callbacks(execute=True):
        second_line.post(f"{INDEX}totp/activate/", {"code": code(secret[1])})
    assert second_line.get("/").status_code == 200
    kinds = TrailEntry.objects.filter(action="second_factor.added").values_list("detail__type", flat=True)
    assert "totp" in kinds


def test_the_app_is_asked_at_the_next_log_in(db: None) -> None:
    person = UserFactory(second_line=True)
    secret = with_app(person)
    browser = stepped(person)
    assert browser.get("/").status_code == 302
    assert browser.post(STEP, {"code": "000000"}).status_code == 200
    assert TrailEntry.objects.get(action="person.log_in_failed").detail == {"because": "second factor"}
    assert browser.post(STEP, {"code": code(secret)}).status_code == 302
    assert browser.get("/").status_code == 200
    assert TrailEntry.objects.get(action="person.logged_in").detail == {"methods": ["mfa", "password"]}


def test_a_recovery_code_works_once(db: None) -> None:
    person = UserFactory(second_line=True)
    with_app(person)
    codes = RecoveryCodes.activate(person).get_unused_codes()
    browser = stepped(person)
    browser.post(STEP, {"code": codes[0]})
    assert browser.get("/").status_code == 200
    again = stepped(person)
    assert again.post(STEP, {"code": codes[0]}).status_code == 200
    assert again.get("/").status_code == 302


def kept_in_the_database(person: User) -> list[str]:
    found = Authenticator.objects.filter(user=person).order_by("type")
    return [value for one in found for name, value in one.data.items() if name in ("secret", "seed")]


def test_secrets_are_locked_in_the_database_with_a_key_that_is_not_in_it(db: None, settings: Settings) -> None:
    person = UserFactory(second_line=True)
    secret = with_app(person)
    codes = RecoveryCodes.activate(person)
    assert all(value.startswith("locked:") for value in kept_in_the_database(person))
    assert secret not in str(kept_in_the_database(person))
    before = codes.get_unused_codes()
    settings.SECOND_FACTOR_KEYS = ["another key, of thirty-two letters"]
    with pytest.raises(ImproperlyConfigured, match="No key of SECOND_FACTOR_KEYS opens"):
        RecoveryCodes.activate(person).get_unused_codes()
    settings.SECOND_FACTOR_KEYS = ["another key, of thirty-two letters", settings.SECRET_KEY]
    assert RecoveryCodes.activate(person).get_unused_codes() == before


def test_a_new_key_locks_what_was_in_the_clear_or_under_the_old_one(db: None, settings: Settings) -> None:
    person, early = UserFactory(second_line=True), UserFactory(second_line=True)
    secret = with_app(person)
    with_app(early)
    Authenticator.objects.filter(user=early).update(data={"secret": "JBSWY3DPEHPK3PXP"})
    settings.SECOND_FACTOR_KEYS = ["another key, of thirty-two letters", settings.SECRET_KEY]
    said = StringIO()
    call_command("lock_second_factors", stdout=said)
    assert said.getvalue() == "2 secrets of second factors are locked with the first key.\n"
    settings.SECOND_FACTOR_KEYS = ["another key, of thirty-two letters"]
    for who, theirs in ((person, secret), (early, "JBSWY3DPEHPK3PXP")):
        browser = stepped(who)
        browser.post(STEP, {"code": code(theirs)})
        assert browser.get("/").status_code == 200


def test_the_last_factor_stays_where_the_role_asks_for_one(second_line: LoggedIn) -> None:
    with_app(second_line.person)
    answer = second_line.post(f"{INDEX}totp/deactivate/")
    assert "set up another one before this one goes" in answer.content.decode()
    assert second_line.get("/").status_code == 200


def test_who_need_not_have_one_may_turn_it_off(first_line: LoggedIn) -> None:
    with_app(first_line.person)
    assert first_line.post(f"{INDEX}totp/deactivate/").status_code == 302
    assert TrailEntry.objects.filter(action="second_factor.removed").exists()


def test_an_administrator_helps_who_lost_everything(log_in: LogIn) -> None:
    administrator = log_in(administrator=True)
    with_app(administrator.person)
    person = UserFactory(second_line=True)
    with_app(person)
    url = f"/organisation/people/{person.public_id}/second-factor/forget/"
    assert "Authenticator app" not in administrator.get(url).content.decode()
    answer: Any = administrator.post(url, {"reason": "Phone lost, known by voice"}, follow=True)
    assert "sets up a new one at the next log-in." in answer.content.decode()
    assert TrailEntry.objects.get(action="second_factor.forgotten").detail == {"because": "Phone lost, known by voice"}
    assert entered(person).get("/")["Location"] == INDEX


def test_nobody_forgets_their_own(log_in: LogIn) -> None:
    administrator = log_in(administrator=True)
    with_app(administrator.person)
    url = f"/organisation/people/{administrator.person.public_id}/second-factor/forget/"
    assert administrator.post(url, {"reason": "x"}).status_code == 404

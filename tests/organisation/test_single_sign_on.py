"""Log-ins by an identity provider that runs beside the tests and is asked over HTTP: who enters."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from audit.models import TrailEntry
from organisation.groups import PROVIDER
from organisation.models import Role, User
from tests.clock import after
from tests.conftest import LogIn
from tests.factories import (
    GroupMappingFactory,
    RoleAssignmentFactory,
    UserFactory,
)
from tests.factories.organisation import PASSWORD
from tests.identity_provider import ENTER, FAILED, LOG_IN, Provider, ana, entered, refused, said
from tests.organisation.test_groups import roles
from tests.organisation.test_second_factor import STEP, code, with_app


def test_without_the_settings_there_is_no_button_and_no_page(db: None) -> None:
    assert "single-sign-on" not in Client().get(LOG_IN).content.decode()
    assert Client().get(ENTER).status_code == 404
    assert Client().get(f"{ENTER}back/?code=x&state=y").status_code == 404


def test_the_button_leads_to_the_provider_and_back_to_the_page(provider: Provider) -> None:
    page = Client().get(f"{LOG_IN}?next=/organisation/people/").content.decode()
    assert f'href="{ENTER}?next=%2Forganisation%2Fpeople%2F"' in page
    assert "Log in by Example ID" in page
    GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    answer = entered(provider, Client(), f"{ENTER}?next=/organisation/people/")
    assert (answer.status_code, answer["Location"]) == (302, "/organisation/people/")


def test_nobody_is_led_to_a_foreign_page(provider: Provider) -> None:
    GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    assert entered(provider, Client(), f"{ENTER}?next=https://elsewhere.example/")["Location"] == "/"


def test_what_is_asked_of_the_provider_has_state_nonce_and_pkce(provider: Provider) -> None:
    begun = Client().get(f"{ENTER}?scope=admin&process=connect&auth_params=prompt%3Dnone")
    asked = parse_qs(urlsplit(begun["Location"]).query)
    assert set(asked) == {
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
    }
    assert (asked["response_type"], asked["code_challenge_method"]) == (["code"], ["S256"])
    assert set(asked["scope"][0].split()) == {"openid", "profile", "email"}
    assert asked["redirect_uri"] == [f"http://testserver{ENTER}back/"]
    assert begun["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_what_the_id_token_leaves_out_is_read_from_the_user_info(provider: Provider) -> None:
    GroupMappingFactory(group="risk")
    provider.small_tokens, provider.person = True, ana("risk")
    entered(provider, Client())
    assert roles(User.objects.get(email="ana@example.org")) == [("second", PROVIDER, True)]


def test_who_is_unknown_and_in_no_mapped_group_is_refused_in_words(provider: Provider) -> None:
    provider.person = ana("chess")
    assert "No group of yours opens the portal." in refused(provider)
    assert not User.objects.exists()
    entry = TrailEntry.objects.get()
    assert (entry.action, entry.object_id, entry.detail) == (
        "person.log_in_refused",
        "",
        {"because": "unknown, and in no mapped group"},
    )


def test_a_person_of_the_portal_is_known_by_a_verified_address(provider: Provider) -> None:
    person = UserFactory(email="ana@example.org", second_line=True)
    provider.person = ana(email="Ana@Example.org")
    browser = Client()
    entered(provider, browser)
    assert browser.get("/").status_code == 200
    assert SocialAccount.objects.get().user == person
    provider.person = ana(email="married@example.org", email_verified=False)
    assert entered(provider, Client())["Location"] == "/"


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes"])
def test_an_address_that_is_not_verified_opens_nothing(provider: Provider, verified: object) -> None:
    UserFactory(email="ana@example.org", administrator=True)
    GroupMappingFactory(group="risk")
    for address in ("ana@example.org", "new@example.org"):
        provider.person = ana("risk", email=address, email_verified=verified)
        told = refused(provider)
        assert "say that your e-mail address is verified." in told
    assert User.objects.count() == 1
    assert not SocialAccount.objects.exists()


def test_an_address_belongs_to_one_person_of_the_provider(provider: Provider) -> None:
    GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    entered(provider, Client())
    provider.person = ana("risk", sub="somebody-else")
    assert "belongs to another person of Example ID" in refused(provider)


def test_an_administrator_forgets_the_link_of_who_has_a_new_account_there(provider: Provider, log_in: LogIn) -> None:
    GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    browser = Client()
    entered(provider, browser)
    person = User.objects.get(email="ana@example.org")
    administrator = log_in(administrator=True)
    page = f"/organisation/people/{person.public_id}/"
    assert "Logs in by Example ID, and no longer with a password." in administrator.get(page).content.decode()
    answer: Any = administrator.post(f"{page}single-sign-on/forget/", {"reason": "Account made anew"}, follow=True)
    assert "is known by the address at the next log-in." in answer.content.decode()
    assert browser.get("/").status_code == 302
    assert TrailEntry.objects.get(action="person.unlinked").detail == {"because": "Account made anew"}
    provider.person = ana("risk", sub="ana-2")
    entered(provider, Client())
    assert SocialAccount.objects.get().uid == "ana-2"
    assert User.objects.filter(email="ana@example.org").count() == 1


def test_an_account_of_another_issuer_is_nobodys(provider: Provider) -> None:
    SocialAccount.objects.create(user=UserFactory(administrator=True), provider="https://old.example", uid="ana-1")
    provider.person = ana("chess")
    assert "No group of yours opens the portal." in refused(provider)


def test_whose_log_in_is_closed_stays_out_and_gets_nothing(provider: Provider) -> None:
    person = UserFactory(email="ana@example.org", is_active=False)
    GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    assert "Your log-in is closed." in refused(provider)
    assert roles(person) == []
    person.is_active = True
    person.save()
    entered(provider, Client())
    person.deactivate(reason="Left", by="setup")
    assert "Your log-in is closed." in refused(provider)
    assert roles(person) == [("second", PROVIDER, False)]


def test_somebody_from_outside_stays_out_after_their_last_day_whatever_their_groups_are(provider: Provider) -> None:
    ended = timezone.now() - timedelta(days=2)
    person = RoleAssignmentFactory(person__email="ana@example.org", role=Role.EXTERNAL, valid_to=ended).person
    GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    assert "Your access ended on" in refused(provider)
    assert [role for role, _by, holds in roles(person) if holds] == []


def test_the_password_opens_nothing_for_who_logs_in_by_the_provider(provider: Provider, settings: Settings) -> None:
    person = UserFactory(email="ana@example.org", second_line=True)
    provider.person = ana()
    entered(provider, Client())
    browser = Client(REMOTE_ADDR="198.51.100.60")
    answer = browser.post(LOG_IN, {"login": person.email, "password": PASSWORD})
    assert "You log in by Example ID." in said(answer, browser)
    assert browser.get("/").status_code == 302
    settings.OIDC_ISSUER = ""
    assert browser.post(LOG_IN, {"login": person.email, "password": PASSWORD})["Location"] == "/"


def test_who_leaves_the_provider_is_not_logged_in(provider: Provider) -> None:
    provider.person = None
    assert "you left Example ID." in refused(provider)


def test_the_portals_second_factor_is_asked_where_the_role_needs_one(provider: Provider, settings: Settings) -> None:
    settings.MFA_REQUIRED_FOR = {"second"}
    GroupMappingFactory(group="risk")
    provider.person = ana("risk", amr=["pwd", "mfa"])
    browser = Client()
    entered(provider, browser)
    assert browser.get("/")["Location"] == "/account/2fa/"
    secret = with_app(User.objects.get(email="ana@example.org"))
    again = Client()
    assert entered(provider, again)["Location"] == STEP
    again.post(STEP, {"code": code(secret)})
    assert again.get("/").status_code == 200


@pytest.mark.parametrize(("methods", "counts"), [(["pwd", "mfa"], True), (["pwd"], False), (None, False)])
def test_the_providers_second_factor_counts_where_the_policy_names_it(
    provider: Provider, settings: Settings, methods: list[str] | None, counts: bool
) -> None:
    settings.MFA_REQUIRED_FOR, settings.OIDC_SECOND_FACTOR = {"second"}, {"mfa", "hwk"}
    GroupMappingFactory(group="risk")
    provider.person = ana("risk", amr=methods)
    browser = Client()
    entered(provider, browser)
    assert (browser.get("/").status_code == 200) == counts
    with_app(User.objects.get(email="ana@example.org"))
    assert (entered(provider, Client())["Location"] == "/") == counts


def confirming(provider: Provider, settings: Settings, log_in: LogIn) -> tuple[Client, Any]:
    settings.STEP_UP_MINUTES = 15
    UserFactory(administrator=True)
    GroupMappingFactory(group="admins", role=Role.ADMINISTRATOR)
    provider.person = ana("admins")
    browser = Client()
    entered(provider, browser)
    return browser, "/organisation/people/add/"


def test_who_logs_in_by_the_provider_confirms_there(provider: Provider, settings: Settings, log_in: LogIn) -> None:
    browser, page = confirming(provider, settings, log_in)
    assert browser.get(page).status_code == 200
    with after(minutes=20):
        asked = browser.get(page)
        assert asked["Location"] == f"{ENTER}?next=%2Forganisation%2Fpeople%2Fadd%2F"
        begun = parse_qs(urlsplit(browser.get(asked["Location"])["Location"]).query)
        assert (begun["prompt"], begun["max_age"]) == (["login"], ["0"])
        assert entered(provider, browser, asked["Location"])["Location"] == page
        assert browser.get(page).status_code == 200


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"auth_time": int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())}, "confirmed by an old log-in"),
        ({"sub": "somebody-else"}, "confirmed by somebody else"),
    ],
)
def test_an_old_log_in_or_somebody_elses_confirms_nothing(
    provider: Provider, settings: Settings, log_in: LogIn, change: dict[str, Any], because: str
) -> None:
    browser, page = confirming(provider, settings, log_in)
    with after(minutes=20):
        provider.person = ana("admins", **change)
        assert FAILED in said(entered(provider, browser, f"{ENTER}?next={page}"), browser)
        assert browser.get(page).status_code == 302
        assert TrailEntry.objects.last_first()[0].detail == {"because": f"identity provider: {because}"}

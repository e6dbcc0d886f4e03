"""What an identity provider says is verified, and the portal asks nobody else."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from joserfc.jwk import RSAKey
from pytest_django.fixtures import Settings

from audit.models import TrailEntry
from organisation.models import Role, User
from tests.factories import (
    GroupMappingFactory,
)
from tests.identity_provider import (
    ENTER,
    FAILED,
    LOG_IN,
    Provider,
    ana,
    asked_at,
    back,
    entered,
    refused,
    said,
)


def unsigned(token: str) -> str:
    header, body, _signature = token.split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    return f"{header}.{body}."


def promoted(token: str) -> str:
    """With another group written into it, under the signature of before."""
    header, body, signature = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = json.dumps({**told, "groups": ["admins"]}).encode()
    return f"{header}.{base64.urlsafe_b64encode(changed).rstrip(b'=').decode()}.{signature}"


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        ({"change_token": unsigned}, "id token: InvalidAlgorithmError"),
        ({"change_token": promoted}, "id token: InvalidSignatureError"),
        ({"change_token": lambda token: ""}, "id token: DecodeError"),
        ({"change_claims": lambda told: {**told, "nonce": "other"}}, "id token: another nonce"),
        ({"change_claims": lambda told: {**told, "nonce": None}}, "id token: another nonce"),
        ({"change_claims": lambda told: {**told, "iss": "https://evil.example"}}, "id token: InvalidIssuerError"),
        ({"change_claims": lambda told: {**told, "aud": "another"}}, "id token: InvalidAudienceError"),
        ({"change_claims": lambda told: {**told, "azp": "another"}}, "id token: for somebody else"),
        ({"change_claims": lambda told: {**told, "exp": 1_600_000_000}}, "id token: ExpiredSignatureError"),
        ({"change_claims": lambda told: {**told, "sub": "x" * 300}}, "id token: nobody, or a name that is too long"),
        ({"change_userinfo": lambda told: {**told, "sub": "bob"}}, "user info of somebody else"),
        ({"published": [RSAKey.generate_key(2048, {"kid": "first"})]}, "id token: InvalidSignatureError"),
        ({"published": [RSAKey.generate_key(2048, {"kid": "other"})]}, "id token: signed with an unknown key"),
    ],
)
def test_an_answer_that_is_not_the_providers_to_this_question_is_refused(
    provider: Provider, wrong: dict[str, Any], because: str
) -> None:
    GroupMappingFactory(group="risk")
    GroupMappingFactory(group="admins", role=Role.ADMINISTRATOR)
    provider.person = ana("risk")
    provider.__dict__.update(wrong)
    assert FAILED in refused(provider)
    assert not User.objects.exists()
    assert TrailEntry.objects.get().detail == {"because": f"identity provider: {because}"}


@pytest.mark.parametrize("state", ["", "0123456789abcdef"])
def test_another_state_is_refused(provider: Provider, state: str) -> None:
    GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    browser = Client()
    address = asked_at(provider, browser)
    parts = urlsplit(address)
    wrong = f"{parts.path}?code={parse_qs(parts.query)['code'][0]}&state={state}"
    assert FAILED in said(back(browser, wrong), browser)
    assert not User.objects.exists()
    assert "/token" not in provider.asked


def test_an_answer_counts_once_and_in_the_browser_that_asked(provider: Provider) -> None:
    GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    browser, other = Client(), Client()
    address = asked_at(provider, browser)
    assert FAILED in said(back(other, address), other)
    assert back(browser, address)["Location"] == "/"
    browser.post("/account/logout/")
    assert FAILED in said(back(browser, address), browser)


def test_a_code_without_its_verifier_is_refused_by_the_provider(provider: Provider) -> None:
    """As a stolen code would be, in another's browser with a state of its own."""
    GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    stolen = parse_qs(urlsplit(asked_at(provider, Client())).query)["code"][0]
    thief = Client()
    state = parse_qs(urlsplit(asked_at(provider, thief)).query)["state"][0]
    assert FAILED in said(back(thief, f"{ENTER}back/?code={stolen}&state={state}"), thief)
    assert not User.objects.exists()


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_a_configuration_that_leads_elsewhere_is_not_followed(provider: Provider, endpoint: str) -> None:
    provider.configuration = {endpoint: "http://169.254.169.254/latest/meta-data/"}
    browser = Client()
    answer = browser.get(ENTER)
    assert answer["Location"] == LOG_IN
    assert FAILED in said(answer, browser)
    assert TrailEntry.objects.get().detail == {"because": "identity provider: an address elsewhere"}


def test_user_info_elsewhere_is_not_asked(provider: Provider) -> None:
    GroupMappingFactory(group="risk")
    provider.configuration = {"userinfo_endpoint": "http://169.254.169.254/"}
    provider.person = ana("risk")
    assert entered(provider, Client())["Location"] == "/"


def test_another_place_may_be_named(provider: Provider, settings: Settings) -> None:
    settings.OIDC_OTHER_ORIGINS = [provider.address.replace("127.0.0.1", "localhost")]
    GroupMappingFactory(group="risk")
    provider.configuration = {"token_endpoint": provider.address.replace("127.0.0.1", "localhost") + "/token"}
    provider.person = ana("risk")
    assert entered(provider, Client())["Location"] == "/"


def test_another_issuer_is_not_believed(provider: Provider) -> None:
    provider.configuration = {"issuer": "https://evil.example"}
    browser = Client()
    assert FAILED in said(browser.get(ENTER), browser)


def test_a_provider_that_does_not_answer_is_told_in_words(provider: Provider, settings: Settings) -> None:
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    browser = Client()
    for _again in range(3):
        assert FAILED in said(browser.get(ENTER), browser)
    assert TrailEntry.objects.get().detail == {"because": "identity provider: ConnectionError"}


def test_a_provider_that_answers_again_is_asked_again_soon(provider: Provider) -> None:
    provider.configuration = {"issuer": "https://evil.example"}
    assert Client().get(ENTER)["Location"] == LOG_IN
    provider.configuration = {}
    assert Client().get(ENTER)["Location"] == LOG_IN
    cache.delete(f"identity-provider:{provider.address}:fails")
    assert Client().get(ENTER)["Location"].startswith(provider.address)
    assert provider.asked.count("/.well-known/openid-configuration") == 2


def test_no_address_is_none_however_verified(provider: Provider) -> None:
    GroupMappingFactory(group="risk")
    provider.person = ana("risk", email="not an address")
    assert "say that your e-mail address is verified." in refused(provider)


def test_the_configuration_is_read_once_in_a_while(provider: Provider) -> None:
    for _n in range(3):
        Client().get(ENTER)
    assert provider.asked.count("/.well-known/openid-configuration") == 1


def test_so_many_in_a_minute_from_one_address_are_enough(provider: Provider, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"single_sign_on": "3/m/ip"}
    answers = [Client(REMOTE_ADDR="198.51.100.61").get(ENTER).status_code for _n in range(4)]
    assert answers == [302] * 3 + [429]

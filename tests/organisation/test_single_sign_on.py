"""Log-ins by an identity provider that runs beside the tests and is asked over HTTP."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from joserfc.jwk import RSAKey
from pytest_django.fixtures import Settings

from audit.models import TrailEntry
from desk.models import Notice
from organisation.groups import PROVIDER
from organisation.models import Grant, GroupMapping, Role, RoleAssignment, User
from tests.clock import after
from tests.conftest import LogIn
from tests.factories import (
    GrantFactory,
    GroupMappingFactory,
    RoleAssignmentFactory,
    SolutionFactory,
    UserFactory,
)
from tests.factories.organisation import PASSWORD
from tests.identity_provider import CLIENT, ENTER, SECRET, Provider, asked_at, back, entered, running
from tests.organisation.test_second_factor import STEP, code, with_app

LOG_IN = "/account/login/"
FAILED = "The log-in by Example ID failed."
ANA = {"sub": "ana-1", "name": "Ana Example", "email": "ana@example.org", "email_verified": True}


@pytest.fixture(scope="module")
def running_provider() -> Iterator[Provider]:
    with pytest.MonkeyPatch.context() as patch, running() as provider:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
        yield provider


@pytest.fixture
def provider(running_provider: Provider, settings: Settings, db: None) -> Provider:
    fresh = Provider(address=running_provider.address, keys=running_provider.keys)
    running_provider.__dict__.update(fresh.__dict__)
    for kept in (fresh.address, f"{fresh.address}:fails", "http://127.0.0.1:9:fails"):
        cache.delete(f"identity-provider:{kept}")
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/15m/key"}
    settings.OIDC_ISSUER, settings.OIDC_NAME = fresh.address, "Example ID"
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT, SECRET
    return running_provider


def ana(*groups: str, **more: Any) -> dict[str, Any]:
    return {**ANA, "groups": list(groups), **more}


def said(answer: Any, browser: Client) -> str:
    """What the page tells to which an answer leads."""
    return str(browser.get(answer["Location"]).content.decode())


def refused(provider: Provider, browser: Client | None = None) -> str:
    """What they are told who come back from the provider and don't enter."""
    browser = browser or Client()
    answer = entered(provider, browser)
    assert (answer.status_code, answer["Location"]) == (302, LOG_IN)
    told = said(answer, browser)
    assert browser.get("/")["Location"].startswith(LOG_IN)
    return told


def roles(person: User) -> list[tuple[str, str, bool]]:
    """Each role with who gave it and whether it is in force."""
    now = timezone.now()
    rows = RoleAssignment.objects.filter(person=person).order_by("id")
    return [(row.role, row.granted_by, row.valid_to is None or row.valid_to > now) for row in rows]


def actions(person: User) -> list[str]:
    return list(TrailEntry.objects.about("user", person.public_id).order_by("id").values_list("action", flat=True))


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


def test_a_first_log_in_opens_what_the_groups_stand_for(provider: Provider) -> None:
    payments, ledger = SolutionFactory(), SolutionFactory()
    GroupMappingFactory(group="engineers", role=Role.FIRST)
    GroupMappingFactory(group="payments", role="", solution=payments, kind=Grant.Kind.MEMBER)
    GroupMappingFactory(group="payments-leads", role="", solution=payments, kind=Grant.Kind.OWNER)
    GroupMappingFactory(group="ledger", role="", solution=ledger, kind=Grant.Kind.MEMBER)
    provider.person = ana("engineers", "payments", "payments-leads", "chess")
    browser = Client()
    entered(provider, browser)
    person = User.objects.get(email="ana@example.org")
    assert browser.get("/").status_code == 200
    assert (person.name, person.has_usable_password()) == ("Ana Example", False)
    assert roles(person) == [("first", PROVIDER, True)]
    grants = person.grants.values_list("solution", "kind", "granted_by", "reason")
    assert list(grants) == [(payments.pk, "owner", PROVIDER, "In the group “payments-leads”")]
    assert actions(person) == ["person.added", "person.linked", "role.given", "person.logged_in"]
    assert TrailEntry.objects.get(action="grant.given").actor == PROVIDER
    account = SocialAccount.objects.get()
    assert (account.provider, account.uid, account.extra_data) == (provider.address, "ana-1", {})


def test_what_the_id_token_leaves_out_is_read_from_the_user_info(provider: Provider) -> None:
    GroupMappingFactory(group="risk")
    provider.small_tokens, provider.person = True, ana("risk")
    entered(provider, Client())
    assert roles(User.objects.get(email="ana@example.org")) == [("second", PROVIDER, True)]


def test_the_next_log_in_follows_the_groups_and_deletes_nothing(provider: Provider) -> None:
    solution = SolutionFactory()
    GroupMappingFactory(group="engineers", role=Role.FIRST)
    GroupMappingFactory(group="payments", role="", solution=solution, kind=Grant.Kind.OWNER)
    GroupMappingFactory(group="risk", role=Role.SECOND)
    provider.person = ana("engineers", "payments")
    entered(provider, Client())
    person = User.objects.get(email="ana@example.org")
    provider.person = ana("risk", "payments")
    entered(provider, Client())
    assert roles(person) == [("first", PROVIDER, False), ("second", PROVIDER, True)]
    assert [grant.valid_to is not None for grant in person.grants.all()] == [True]
    provider.person = ana()
    entered(provider, Client())
    assert roles(person) == [("first", PROVIDER, False), ("second", PROVIDER, False)]
    ended = TrailEntry.objects.filter(action="role.ended").order_by("id").last()
    assert ended is not None
    assert (ended.actor, ended.detail["reason"]) == (PROVIDER, "No group of theirs gives it any longer")
    assert SocialAccount.objects.count() == 1


def test_the_same_groups_change_nothing(provider: Provider) -> None:
    GroupMappingFactory(group="engineers", role=Role.FIRST)
    GroupMappingFactory(group="payments", role="", solution=SolutionFactory(), kind=Grant.Kind.OWNER)
    provider.person = ana("engineers", "payments")
    entered(provider, Client())
    entered(provider, Client())
    person = User.objects.get(email="ana@example.org")
    assert roles(person) == [("first", PROVIDER, True)]
    assert person.grants.count() == 1
    assert actions(person)[-2:] == ["person.logged_in", "person.logged_in"]


def test_a_mapping_that_ended_gives_nothing_from_the_next_log_in_on(provider: Provider) -> None:
    mapping = GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    entered(provider, Client())
    mapping.end(reason="Reorganised", by=UserFactory())
    entered(provider, Client())
    assert roles(User.objects.get(email="ana@example.org")) == [("second", PROVIDER, False)]


def test_what_was_given_by_hand_stays(provider: Provider) -> None:
    person = RoleAssignmentFactory(person__email="ana@example.org", role=Role.FIRST, granted_by="P-1").person
    by_hand = GrantFactory(person=person, granted_by="P-1")
    GroupMappingFactory(group="owners", role="", solution=by_hand.solution, kind=Grant.Kind.OWNER)
    provider.person = ana("owners")
    entered(provider, Client())
    provider.person = ana()
    entered(provider, Client())
    assert roles(person) == [("first", "P-1", True)]
    assert list(person.grants.values_list("kind", "granted_by", "valid_to")) == [("member", "P-1", None)]


def test_a_line_given_by_hand_stands_against_the_groups_and_administrators_hear_of_it_once(provider: Provider) -> None:
    administrator = UserFactory(administrator=True)
    person = RoleAssignmentFactory(person__email="ana@example.org", role=Role.THIRD, granted_by="P-1").person
    GroupMappingFactory(group="risk", role=Role.SECOND)
    provider.person = ana("risk")
    entered(provider, Client())
    entered(provider, Client())
    assert roles(person) == [("third", "P-1", True)]
    told = TrailEntry.objects.filter(action="person.groups_at_odds")
    assert [entry.detail for entry in told] == [{"groups_say": ["second"], "stays": "third"}] * 2
    notice = Notice.objects.get()
    assert (notice.person, notice.url) == (administrator, f"/organisation/people/{person.public_id}/")
    assert notice.text == (
        f"{person.name}: groups of the identity provider give Second line; the person stands on: Third line."
    )


def test_of_two_lines_the_first_is_given_and_the_one_they_stand_on_stays(provider: Provider) -> None:
    GroupMappingFactory(group="risk", role=Role.SECOND)
    GroupMappingFactory(group="audit", role=Role.THIRD)
    provider.person = ana("audit", "risk")
    entered(provider, Client())
    person = User.objects.get(email="ana@example.org")
    assert roles(person) == [("second", PROVIDER, True)]
    assert TrailEntry.objects.get(action="person.groups_at_odds").detail == {
        "groups_say": ["second", "third"],
        "stays": "second",
    }
    GroupMappingFactory(group="engineers", role=Role.FIRST)
    provider.person = ana("audit", "risk", "engineers")
    entered(provider, Client())
    assert roles(person) == [("second", PROVIDER, True)]


def test_nobody_gets_by_a_group_what_they_mapped_themselves(provider: Provider) -> None:
    person = RoleAssignmentFactory(person__email="ana@example.org", role=Role.ADMINISTRATOR, granted_by=PROVIDER).person
    UserFactory(administrator=True)
    GroupMappingFactory(group="risk", role=Role.SECOND, added_by=person.public_id)
    provider.person = ana("risk")
    entered(provider, Client())
    assert roles(person) == [("administrator", PROVIDER, False)]


def test_the_last_administrator_stays_whatever_the_groups_say(provider: Provider) -> None:
    GroupMappingFactory(group="admins", role=Role.ADMINISTRATOR)
    provider.person = ana("admins")
    entered(provider, Client())
    provider.person = ana()
    entered(provider, Client())
    person = User.objects.get(email="ana@example.org")
    assert roles(person) == [("administrator", PROVIDER, True)]
    assert "The last administrator stays" in str(TrailEntry.objects.get(action="person.groups_at_odds").detail)


def test_parts_in_solutions_are_for_the_first_line(provider: Provider) -> None:
    GroupMappingFactory(group="risk", role=Role.SECOND)
    GroupMappingFactory(group="payments", role="", solution=SolutionFactory(), kind=Grant.Kind.OWNER)
    provider.person = ana("risk", "payments")
    entered(provider, Client())
    assert not Grant.objects.exists()


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


def test_who_ends_by_hand_what_a_group_gave_is_told_that_it_begins_again(provider: Provider, log_in: LogIn) -> None:
    GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    entered(provider, Client())
    role = RoleAssignment.objects.get()
    administrator = log_in(administrator=True)
    end = f"/organisation/people/{role.person.public_id}/roles/{role.pk}/end/"
    assert "gives it again at their next log-in" in administrator.get(end).content.decode()
    administrator.post(end, {"reason": "On leave"})
    entered(provider, Client())
    assert roles(role.person) == [("second", PROVIDER, False), ("second", PROVIDER, True)]


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


def test_groups_that_are_too_many_to_be_told_change_nothing(provider: Provider) -> None:
    GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    entered(provider, Client())
    provider.person = {**ANA, "_claim_names": {"groups": "src1"}}
    assert "left out your groups" in refused(provider)
    assert roles(User.objects.get(email="ana@example.org")) == [("second", PROVIDER, True)]


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


def test_the_table_of_groups_is_kept_by_administrators(log_in: LogIn) -> None:
    administrator, solution = log_in(administrator=True), SolutionFactory(name="Payments")
    page = "/organisation/groups/"
    assert "No group stands for anything" in administrator.get(page).content.decode()
    add = f"{page}add/"
    wanted = {"group": "payments-leads", "stands_for": "owner", "solution": solution.pk, "reason": "They lead it"}
    told: Any = administrator.post(add, wanted, follow=True)
    assert "“payments-leads” stands for: Owner of Payments." in told.content.decode().replace("&quot;", '"')
    administrator.post(add, {"group": "risk-team", "stands_for": "second", "reason": "Our InfoSec"})
    shown = log_in(third_line=True).get(page).content.decode()
    assert "2 groups of the identity provider open the portal" in shown
    assert "End</a>" not in shown
    mapping = GroupMapping.objects.get(group="risk-team")
    administrator.post(f"{page}{mapping.pk}/end/", {"reason": "Renamed"})
    assert "risk-team" in administrator.get(page).content.decode()
    entries = TrailEntry.objects.filter(kind="groupmapping").order_by("id")
    assert [(entry.action, entry.detail) for entry in entries] == [
        (
            "group_mapping.added",
            {
                "group": "payments-leads",
                "solution": solution.public_id,
                "kind": "owner",
                "reason": "They lead it",
            },
        ),
        ("group_mapping.added", {"group": "risk-team", "role": "second", "reason": "Our InfoSec"}),
        ("group_mapping.ended", {"group": "risk-team", "role": "second", "reason": "Renamed"}),
    ]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"stands_for": "owner"}, "Choose the solution."),
        ({"stands_for": "external"}, "Select a valid choice."),
        ({"stands_for": "third"}, "The group stands for a line already: Second line."),
    ],
)
def test_a_group_that_cannot_be_is_refused_in_words(log_in: LogIn, said: dict[str, str], why: str) -> None:
    GroupMappingFactory(group="risk", role=Role.SECOND)
    answer = log_in(administrator=True).post("/organisation/groups/add/", {"group": "risk", "reason": "x", **said})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert GroupMapping.objects.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_the_table_of_groups_costs_the_same_for_any_number(
    log_in: LogIn, count: int, django_assert_num_queries: Any
) -> None:
    browser = log_in(administrator=True)
    for _n in range(count):
        GroupMappingFactory()
        GroupMappingFactory(role="", solution=SolutionFactory(), kind=Grant.Kind.MEMBER)
    with django_assert_num_queries(7):
        browser.get("/organisation/groups/")

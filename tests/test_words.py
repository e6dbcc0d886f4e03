"""Every word of the portal can be translated: pages are read in a language of marks, and what is not marked is data."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.conf import settings
from django.contrib.messages import get_messages
from django.template.base import Lexer, Token, TokenType
from django.test import Client
from django.urls import reverse

from evidence.pbc.columns import COLUMNS as OF_REQUESTS
from organisation.models import Role
from organisation.permissions import MAY, action_of
from risks.exchange.columns import COLUMNS as OF_RISKS
from tests.conftest import LogIn
from tests.factories import UserFactory
from tests.factories.findings import CheckFactory, FindingFactory
from tests.factories.organisation import PASSWORD
from tests.marked import CODE, SAID, SILENT, Data, is_language, marked_language, outside, unmarked
from tests.test_permissions import GUARDED, OURS, TRAITS, address

SAME_IN_EVERY_LANGUAGE = re.compile(
    r"(?<!\w)(?:[A-Z]{1,4}-\d+(?:[.-]\S+)?|\S+@\S+\.\w+|https?://\S*|\S+/\S*|\w+\.(?:csv|xlsx|json|pdf|pem|sig|zip|py)"
    r"|arn:aws\S*|AWS::\S+|[a-z]{2}-[a-z]+-\d|[a-z_]+\.[a-z_]+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{40,}"
    r"|AWS|AWS Config|Security Hub|CSV|XLSX|JSONL?|OSCAL|PDF|SHA-256|UTC|English|Marked)(?!\w)"
)
"""Public ids, addresses, paths and files; AWS's names; actions of the trail; digests; products, formats, languages."""
NAMES = {
    "audit:entry": {"user", "third"},  # as the trail keeps them
    "audit:trail": {"solution"},
    "organisation:preferences": {zone.replace("_", " ") for zone in zoneinfo.available_timezones()},
    "risks:exchange": {column.head for column in OF_RISKS},  # by which a file is read back
    "evidence:request_lists": {column.head for column in OF_REQUESTS},
}
"""What a page names as it is named elsewhere."""
PAGES = [name for name in GUARDED if not name.startswith("api:")]
BEFORE_A_LOG_IN = ("account_login", "account_reset_password", "account_reset_password_done", "account_inactive")
OF_ONES_LOG_IN = (
    "account_change_password",
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_generate_recovery_codes",
    "mfa_view_recovery_codes",
    "usersessions_list",
)


@pytest.fixture
def data() -> Iterator[Data]:
    gathered = Data()
    with marked_language(), gathered.gathered():
        yield gathered


def reading(browser: Any) -> Any:
    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = CODE
    return browser


def untranslatable(answer: Any, data: Data, names: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
    """What a page, a refusal or a message after an act says that nobody can translate; files are not looked into."""
    kind = answer.get("Content-Type", "")
    body = b"".join(answer).decode(errors="replace")
    if kind.startswith("text/html"):
        found = unmarked(body)
    elif kind.startswith("application/problem+json"):
        found = [outside(str(answer.json()[name]))[0] for name in ("title", "detail")]
    else:
        found = []
    found += [outside(str(message))[0] for message in get_messages(answer.wsgi_request)]
    words = {one: one.rpartition("␟")[2] for one in found}
    left = {
        one: SAME_IN_EVERY_LANGUAGE.sub(" ", data.without(said)) for one, said in words.items() if said not in names
    }
    return [one for one, said in left.items() if is_language(said)]


@pytest.mark.parametrize("name", PAGES)
def test_every_word_of_a_page_and_of_its_refusal_can_be_translated(log_in: LogIn, data: Data, name: str) -> None:
    allowed = MAY[str(action_of(OURS[name].callback))]
    role = next(Role(role) for role in Role.values if role in allowed)
    browser = log_in(**{TRAITS[role]: True})
    data.texts.add("".join(word[0] for word in browser.person.name.split()[::2]))
    url = address(name, browser.person)
    for answer in (reading(browser).get(url), browser.post(url)):
        assert untranslatable(answer, data, NAMES.get(name, set())) == []


@pytest.mark.parametrize("role", Role.values)
def test_every_line_s_home_can_be_translated(log_in: LogIn, data: Data, role: str) -> None:
    browser = log_in(**{TRAITS[Role(role)]: True})
    data.texts.add("".join(word[0] for word in browser.person.name.split()[::2]))
    assert untranslatable(reading(browser).get("/"), data) == []


def test_what_to_change_for_a_check_can_be_translated(log_in: LogIn, data: Data) -> None:
    finding = FindingFactory(check_ran=CheckFactory(key="S3.8"))
    browser = log_in(second_line=True)
    data.texts.add("".join(word[0] for word in browser.person.name.split()[::2]))
    for page in (f"checks/{finding.check_ran.public_id}", finding.public_id):
        answer = reading(browser).get(f"/findings/{page}/")
        assert "Block public access" in answer.content.decode()
        assert untranslatable(answer, data) == []


@pytest.mark.parametrize("name", BEFORE_A_LOG_IN)
def test_the_pages_before_a_log_in_can_be_translated(db: None, data: Data, name: str) -> None:
    for answer in (reading(Client()).get(reverse(name)), reading(Client()).post(reverse(name))):
        assert untranslatable(answer, data) == []


@pytest.mark.parametrize("name", OF_ONES_LOG_IN)
def test_the_pages_of_one_s_own_log_in_can_be_translated(db: None, data: Data, name: str) -> None:
    person = UserFactory(second_line=True)
    data.texts.add("".join(word[0] for word in person.name.split()[::2]))
    browser = reading(Client())
    browser.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    RecoveryCodes.activate(person)
    answer = browser.get(reverse(name))
    assert answer.status_code == 200
    assert untranslatable(answer, data) == []


def test_a_security_key_is_renamed_and_removed_in_words_that_can_be_translated(db: None, data: Data) -> None:
    browser = reading(Client())
    person = UserFactory(second_line=True)
    data.texts |= {"".join(word[0] for word in person.name.split()[::2]), "Blue key"}
    browser.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    key = Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data={"name": "Blue key"})
    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        answer = browser.get(reverse(name, args=[key.pk]))
        assert answer.status_code == 200
        assert untranslatable(answer, data) == []


def test_what_the_api_refuses_can_be_translated(log_in: LogIn, data: Data) -> None:
    first = reading(log_in(first_line=True))
    refused = [reading(Client()).get("/api/v1/me/"), first.get("/api/v1/connections/"), first.get("/api/v1/none/")]
    refused += [first.delete("/api/v1/me/"), first.get("/api/v1/items/?turn=x"), first.get("/api/v1/findings/?page=x")]
    assert [answer.status_code for answer in refused[:5]] == [401, 403, 404, 405, 400]
    assert [untranslatable(answer, data) for answer in refused] == [[]] * len(refused)


# What stands in a template, shown on a page of the tests or not

TAG = "\N{OBJECT REPLACEMENT CHARACTER}"
KNOWN = {"audit/trail.html": {"solution"}}
"""What is typed there, by template."""
NOT_HTML = {"allauth/elements/button.html"}
"""Where a tag begins in one case and ends in another."""


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in SILENT
        self.found += [str(value) for name, value in attrs if name in SAID]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append(data)


def plain(tokens: list[Token]) -> Iterator[str]:
    """The text of a template, without what its tags say and what they translate."""
    translates = False
    for token in tokens:
        first = token.contents.split(" ", 1)[0] if token.token_type == TokenType.BLOCK else ""
        if first in {"blocktranslate", "blocktrans"}:
            translates = True
        elif first in {"endblocktranslate", "endblocktrans"}:
            translates = False
        elif token.token_type == TokenType.TEXT and not translates:
            yield token.contents
        elif token.token_type in (TokenType.VAR, TokenType.BLOCK):
            yield TAG


def test_no_template_says_a_word_that_cannot_be_translated() -> None:
    folder = Path(settings.BASE_DIR, "templates")
    said = {str(path.relative_to(folder)): set(words_of(path)) for path in folder.rglob("*.*")}
    left = {name: words - KNOWN.get(name, set()) for name, words in said.items() if name not in NOT_HTML}
    assert {name: words for name, words in left.items() if words} == {}


def words_of(path: Path) -> Iterator[str]:
    reader = _Words()
    reader.feed("".join(plain(Lexer(path.read_text()).tokenize())))
    reader.close()
    for text in reader.found:
        words = SAME_IN_EVERY_LANGUAGE.sub(" ", text.replace(TAG, " "))
        if is_language(words):
            yield " ".join(words.split())

"""Every URL × every line, walked from the resolver and held against the one table of permissions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from organisation.middleware import UNGUARDED
from organisation.models import Role
from organisation.permissions import MAY, action_of
from tests.conftest import LogIn
from tests.examples import EXAMPLES
from tests.factories import UserFactory

PUBLIC = {"healthz", "readyz", "metrics", "single_sign_on", "single_sign_on_back"}
LOGGED_OUT_ACCOUNT_PAGES = {
    "account_email_verification_sent",
    "account_login",
    "account_logout",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_signup",
    "account_inactive",
}
ACCOUNT_ARGUMENTS = {"mfa_edit_webauthn": [1], "mfa_remove_webauthn": [1]}
TRAITS = {
    Role.FIRST: "first_line",
    Role.SECOND: "second_line",
    Role.THIRD: "third_line",
    Role.EXTERNAL: "external",
    Role.ADMINISTRATOR: "administrator",
}
REACHED = {200, 302, 405, 422}
WRITING = ("POST", "PUT", "PATCH", "DELETE")


def walked(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from walked(pattern, inner)
        else:
            yield f"{prefix}{pattern.name}", pattern


def is_ours(view: Any) -> bool:
    return not view.__module__.startswith(UNGUARDED)


EVERY = list(walked(get_resolver()))
OURS = {name: pattern for name, pattern in EVERY if is_ours(pattern.callback)}
GUARDED = sorted(name for name in OURS if name not in PUBLIC)


@contextmanager
def undone() -> Iterator[None]:
    """What is made inside is gone afterwards, so that each line finds the same."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def address(name: str, person: Any) -> str:
    if not OURS[name].pattern.converters:
        return reverse(name)
    if name not in EXAMPLES:
        pytest.fail(f"{name} names an object: add an example of one to tests/examples")
    return reverse(name, kwargs=EXAMPLES[name].own(person))


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_endpoint_names_an_action_of_the_table(name: str) -> None:
    action = action_of(OURS[name].callback)
    assert (action is None) == (name in PUBLIC)


def test_every_endpoint_has_a_name_of_its_own() -> None:
    names = [name for name, pattern in EVERY if is_ours(pattern.callback)]
    assert len(names) == len(set(names))
    assert not [name for name in names if name.endswith("None")]


@pytest.mark.parametrize("name", GUARDED)
def test_a_line_reaches_what_the_table_allows_and_nothing_else(log_in: LogIn, name: str) -> None:
    action = str(action_of(OURS[name].callback))
    for role in Role.values:
        with undone():
            browser = log_in(**{TRAITS[Role(role)]: True})
            url = address(name, browser.person)
            answer = browser.get(url)
            b"".join(answer)  # a file that is sent is open until it is read
            if role in MAY[action]:
                assert answer.status_code in REACHED, f"{role} may {action}, and got {answer.status_code}"
            else:
                assert answer.status_code == 403, role
                for method in WRITING:
                    assert browser.generic(method, url).status_code == 403, f"{role}: {method}"


@pytest.mark.parametrize("name", GUARDED)
def test_nobody_gets_in_without_a_log_in_or_a_role(log_in: LogIn, name: str) -> None:
    url = address(name, UserFactory())
    for answer in (Client().get(url), Client().post(url)):
        if url.startswith("/api/"):
            assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
        else:
            assert answer.status_code == 302
            assert answer["Location"].startswith(reverse("account_login"))
    assert log_in().get(url).status_code == 403


def not_found_by(name: str) -> set[str]:
    """The lines that the table lets in here, and that do not see what belongs to others."""
    example = EXAMPLES[name]
    return MAY[str(action_of(OURS[name].callback))] & example.hidden_from if example.other else set()


@pytest.mark.parametrize("name", sorted(filter(not_found_by, EXAMPLES)))
def test_what_belongs_to_others_is_not_found(log_in: LogIn, name: str) -> None:
    example = EXAMPLES[name]
    assert example.other is not None
    for role in not_found_by(name):
        with undone():
            browser = log_in(**{TRAITS[Role(role)]: True})
            url = reverse(name, kwargs=example.other(browser.person))
            assert browser.get(url).status_code == 404, role
            for method in WRITING:
                assert browser.generic(method, url).status_code in {403, 404, 405}, f"{role}: {method}"


@pytest.mark.parametrize("name", sorted({name for name, one in EVERY if not is_ours(one.callback)}))
def test_account_pages_ask_for_a_log_in(db: None, name: str) -> None:
    patterns = dict(EVERY)
    if name in LOGGED_OUT_ACCOUNT_PAGES or patterns[name].pattern.converters:
        pytest.skip("made for people who are not logged in")
    if patterns[name].pattern.regex.groups:
        pytest.skip("made for people who are not logged in")
    answer = Client().get(reverse(name, args=ACCOUNT_ARGUMENTS.get(name)))
    assert answer.status_code in {302, 405}, answer.status_code


def test_examples_are_of_urls_that_exist() -> None:
    assert set(EXAMPLES) <= set(OURS)

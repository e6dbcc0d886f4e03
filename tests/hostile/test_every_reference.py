"""What another solution owns, named in every field that names something: nothing of it changes, and nothing is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from organisation.models import Role
from organisation.permissions import MAY, action_of
from tests.conftest import LoggedIn, LogIn
from tests.hostile.posts import Asked, asking, rendered
from tests.hostile.reading import html_of
from tests.hostile.theirs import KEY, PUBLIC_ID, SECRET, Theirs, address_of_theirs, came_of_it, made
from tests.test_permissions import GUARDED, OURS, address, undone

FRAME = {"as_of", "known_at", "solution"}
"""What every page reads of its address. For what it is narrowed to see tests/journeys/test_each_line_reads_its_own.py.
"""
FILE = b"account,owner\r\n1,2\r\n"
FORMS = [
    name
    for name in GUARDED
    if not name.startswith("api:") and Role.FIRST.value in MAY[str(action_of(OURS[name].callback))]
]


@pytest.fixture
def theirs(db: None) -> Theirs:
    return made()


@pytest.mark.slow(seconds=20)
def test_what_others_own_is_out_of_reach_of_every_form(log_in: LogIn, theirs: Theirs) -> None:
    wrong: list[str] = []
    for name in FORMS:
        with undone():
            browser = log_in(first_line=True)
            wrong += [f"{name}: {what}" for what in _tried(browser, name, theirs)]
    assert not wrong, "\n".join(wrong)


def _tried(browser: LoggedIn, name: str, theirs: Theirs) -> Iterator[str]:
    url = address(name, browser.person)
    asked, named = _asked_of(browser, url)
    query = urlencode([(one, value) for one in sorted(named - FRAME) for value in theirs.ids])
    if query and SECRET in html_of(browser.get(f"{url}?{query}")):
        yield f"the page tells of it, asked with {query}"
    if asked is None:
        return
    fits = {field: FILE if field in asked.files else asked.fitting.get(field, "") for field in sorted(asked.names)}
    for sent in _naming(asked, fits, theirs):
        yield from _posted(browser, url, sent, theirs)
    if at_theirs := address_of_theirs(name, url, theirs):
        yield from _posted(browser, at_theirs, fits, theirs)


def _asked_of(browser: LoggedIn, url: str) -> tuple[Asked | None, set[str]]:
    """What the address reads of a form (None where it takes none), and of its query."""
    with asking() as read:
        shown = rendered(html_of(browser.get(url)), url)
    with asking() as asked, undone():
        status = browser.post(url, shown).status_code
    if status == 405:
        return None, read.names
    asked.fitting |= {name: value for name, value in shown.items() if value}
    asked.names |= asked.fitting.keys()
    return asked, read.names


def _naming(asked: Asked, fits: dict[str, Any], theirs: Theirs) -> Iterator[dict[str, Any]]:
    """Each field of the form that names something names what is theirs; then all do, and what is read beside it."""
    named: dict[str, str] = {}
    for field in asked.fitting:
        fit = fits[field]
        first = str(fit[0] if isinstance(fit, list) and fit else fit)
        is_key = field in asked.models and not PUBLIC_ID.search(first)
        if (found := str(KEY) if is_key else theirs.named(first)) != first:
            named[field] = found
            yield {**fits, field: found}
    beside = asked.names - asked.fitting.keys() - FRAME
    if len(named) > 1 or beside:
        yield {**fits, **named, **dict.fromkeys(beside, theirs.ids)}


def _posted(browser: LoggedIn, url: str, sent: dict[str, Any], theirs: Theirs) -> Iterator[str]:
    def post() -> str:
        files = {field: SimpleUploadedFile("a.csv", FILE) for field, value in sent.items() if value == FILE}
        answer = browser.post(url, sent | files)
        return html_of(browser.get(answer["Location"]) if answer.status_code == 302 else answer)

    return came_of_it(post, theirs, f"{url}, sent {sent},")

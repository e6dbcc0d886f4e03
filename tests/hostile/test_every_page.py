"""Every page, asked for with what nobody should write into an address, and every form, filled in with it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from compliance_portal import env
from organisation.models import Role
from organisation.permissions import MAY, action_of
from tests.conftest import LogIn
from tests.hostile.posts import Asked, Post, asking, hostile_posts, rendered, watching_writes
from tests.hostile.reading import RAW, html_of
from tests.hostile.values import OF_EVERY_ADDRESS, SPELT
from tests.test_permissions import GUARDED, OURS, TRAITS, address, undone

EXAMPLES_OF_EACH = env.whole_number("FUZZ_EXAMPLES", 1)
"""By default each page is walked by one of the lines that may; from ten on, by each."""
URLENCODED = "application/x-www-form-urlencoded"
TAKEN = {200, 204, 302}
REFUSED = {400, 403, 404, 422}
NOT_OURS = {"django_session"}
SAID = ('class="field-error"', 'class="form-errors"', 'role="alert"', 'class="empty"')
"""Where a page says why not: at a field, above the form, in a message, or that there is nothing to act on."""
SCRIPT = "%3Cscript%3E"


@pytest.mark.parametrize("name", [name for name in GUARDED if not name.startswith("api:")])
def test_a_page_and_its_form_take_what_fits_and_refuse_the_rest_in_words(log_in: LogIn, name: str) -> None:
    chance = random.Random(name)
    may = sorted(MAY[str(action_of(OURS[name].callback))])
    for role in may if EXAMPLES_OF_EACH >= 10 else [chance.choice(may)]:
        with undone():
            browser = log_in(**{TRAITS[Role(role)]: True}, time_zone="Pacific/Kiritimati")
            url = address(name, browser.person)
            _ask(browser, url, chance)
            _fill_in(browser, url, chance)


def _ask(browser: Client, url: str, chance: random.Random) -> None:
    with asking() as asked:
        first = browser.get(url)
        html_of(first)
    if first.status_code != 405:
        for query in _queries(sorted(asked.names | set(OF_EVERY_ADDRESS)), chance):
            answer = browser.generic("GET", url, QUERY_STRING=query)
            assert answer.status_code in TAKEN | REFUSED, query
            _is_escaped(answer, query)


def _queries(names: list[str], chance: random.Random) -> Iterator[str]:
    """Every name at once, then one of them, twice."""
    yield "&".join(f"{name}={chance.choice(SPELT)}" for name in names)
    for _ in range(EXAMPLES_OF_EACH):
        name = chance.choice(names)
        yield f"{name}={chance.choice(SPELT)}&{name}={chance.choice(SPELT)}"


def _fill_in(browser: Client, url: str, chance: random.Random) -> None:
    asked = _asked_of(browser, url)
    if asked is None or not asked.fitting:
        return
    for sent in hostile_posts(asked, chance, EXAMPLES_OF_EACH):
        with undone():
            answer = _post(browser, url, sent)
            if answer.status_code == 302 and SCRIPT in sent.body:
                answer = browser.get(answer["Location"])
            shown = _is_escaped(answer, sent)
            assert answer.status_code != 422 or any(one in shown for one in SAID), sent


def _asked_of(browser: Client, url: str) -> Asked | None:
    """What the address reads of a form; None where it takes none."""
    shown = rendered(html_of(browser.get(url)), url)
    with asking() as asked, undone():
        status = browser.post(url, shown).status_code
    assert status in TAKEN | REFUSED | {405}
    if status == 405:
        return None
    asked.fitting |= {name: value for name, value in shown.items() if value}
    asked.names |= shown.keys()
    return asked


def _post(browser: Client, url: str, sent: Post) -> Any:
    with watching_writes() as written:
        answer = browser.generic("POST", url, sent.body, URLENCODED)
    assert answer.status_code in TAKEN | REFUSED, sent
    if answer.status_code in REFUSED:
        assert not written.tables - NOT_OURS, sent
    return answer


def _is_escaped(answer: Any, sent: object) -> str:
    shown = html_of(answer)
    assert not [one for one in RAW if one in shown], sent
    return shown

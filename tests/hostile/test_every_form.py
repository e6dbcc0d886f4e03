"""Every address that takes a form, filled in by each line that may with what nobody should send."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.test import Client

from compliance_portal import env
from organisation.models import Role
from organisation.permissions import MAY, action_of
from tests.conftest import LogIn
from tests.hostile.posts import Asked, Post, asking, hostile_posts, rendered, watching_writes
from tests.hostile.reading import RAW, html_of
from tests.test_permissions import GUARDED, OURS, TRAITS, address, undone

EXAMPLES_OF_EACH = env.whole_number("FUZZ_EXAMPLES", 1)
EVERY_LINE = EXAMPLES_OF_EACH > 10
URLENCODED = "application/x-www-form-urlencoded"
TAKEN = {200, 204, 302}
REFUSED = {400, 403, 404, 422}
NOT_OURS = {"django_session"}
SAID = ('class="field-error"', 'class="form-errors"', 'role="alert"')
RAW_SPELT = "%3Cscript%3E"
PAGES = [name for name in GUARDED if not name.startswith("api:")]


def asked_of(browser: Client, url: str) -> Asked | None:
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


def post(browser: Client, url: str, sent: Post) -> Any:
    with watching_writes() as written:
        answer = browser.generic("POST", url, sent.body, URLENCODED)
    assert answer.status_code in TAKEN | REFUSED, (answer.status_code, sent)
    if answer.status_code in REFUSED:
        assert not written.tables - NOT_OURS, (answer.status_code, written.tables, sent)
    return answer


@pytest.mark.parametrize("name", PAGES)
def test_a_form_takes_what_fits_and_refuses_the_rest_in_words(log_in: LogIn, name: str) -> None:
    for role in sorted(MAY[str(action_of(OURS[name].callback))]):
        with undone():
            browser = log_in(**{TRAITS[Role(role)]: True}, time_zone="America/New_York")
            url = address(name, browser.person)
            asked = asked_of(browser, url)
            if asked is None:
                return
            if not asked.fitting:
                continue
            for sent in hostile_posts(asked, random.Random(f"{name} {role}"), EXAMPLES_OF_EACH):
                with undone():
                    answer = post(browser, url, sent)
                    if answer.status_code == 302 and RAW_SPELT in sent.body:
                        answer = browser.get(answer["Location"])
                    shown = html_of(answer)
                    assert not [one for one in RAW if one in shown], sent
                    if answer.status_code == 422:
                        assert any(one in shown for one in SAID), sent
        if not EVERY_LINE:
            return

"""Every page, asked for with what nobody should write into an address."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from compliance_portal import env
from organisation.models import Role
from organisation.permissions import MAY, action_of
from tests.conftest import LogIn
from tests.hostile.posts import asking
from tests.hostile.reading import RAW, html_of
from tests.hostile.values import OF_EVERY_ADDRESS, SPELT
from tests.test_permissions import GUARDED, OURS, TRAITS, address, undone

EXAMPLES_OF_EACH = env.whole_number("FUZZ_EXAMPLES", 2)
TOLD = {200, 204, 302, 400, 403, 404, 405, 422}


def queries(names: list[str], chance: random.Random) -> Iterator[str]:
    """Every name at once, then `EXAMPLES_OF_EACH` times one of them, twice."""
    yield "&".join(f"{name}={chance.choice(SPELT)}" for name in names)
    for _ in range(EXAMPLES_OF_EACH):
        name = chance.choice(names)
        yield f"{name}={chance.choice(SPELT)}&{name}={chance.choice(SPELT)}"


@pytest.mark.parametrize("name", [name for name in GUARDED if not name.startswith("api:")])
def test_a_page_answers_a_hostile_address_in_words(log_in: LogIn, name: str) -> None:
    chance = random.Random(name)
    may = sorted(MAY[str(action_of(OURS[name].callback))])
    with undone():
        browser = log_in(**{TRAITS[Role(chance.choice(may))]: True}, time_zone="Pacific/Kiritimati")
        url = address(name, browser.person)
        with asking() as asked:
            first = browser.get(url)
            html_of(first)
        if first.status_code == 405:
            return
        for query in queries(sorted(asked.names | set(OF_EVERY_ADDRESS)), chance):
            answer = browser.generic("GET", url, QUERY_STRING=query)
            assert answer.status_code in TOLD, query
            shown = html_of(answer)
            assert not [one for one in RAW if one in shown], query

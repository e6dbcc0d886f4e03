"""The table of permissions, as people read it."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from pytest_django.fixtures import Settings

from organisation.models import Role
from organisation.permission_words import AREAS
from organisation.permissions import MAY, STEP_UP
from tests.conftest import LoggedIn
from tests.findings_pages.reading_pages import words

pytestmark = pytest.mark.django_db
PAGE = "/organisation/permissions/"


def read(page: str) -> dict[str, list[bool]]:
    """Words of an action → for each role, whether the page says that it may."""
    rows = re.findall(r'<th scope="row" class="door">(.*?)(?:<span.*?)?</th>(.*?)</tr>', page, re.DOTALL)
    return {words: ["may not" not in cell for cell in re.findall(r"<td.*?</td>", cells)] for words, cells in rows}


def test_everybody_reads_the_table_that_is_enforced(first_line: LoggedIn) -> None:
    page = first_line.get(PAGE).content.decode()
    expected = {
        str(words): [role.value in MAY[action] for role in Role]
        for _key, _heading, area in AREAS
        for action, words in area.items()
    }
    assert read(page) == expected
    assert 'First line<span class="visually-hidden"> (you)' in page
    assert page.count("asks who it is once more; no token does it") == len(STEP_UP)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (set(), "Nobody needs a second factor beside the password"),
        ({"second", "third"}, "a second factor beside the password: Second line · Third line. Others may."),
        ({role.value for role in Role}, "Everybody logs in with a second factor"),
    ],
)
def test_it_says_whom_the_portal_asks_for_a_second_factor(
    first_line: LoggedIn, settings: Settings, asked: set[str], says: str
) -> None:
    settings.MFA_REQUIRED_FOR = asked
    TOTP.activate(first_line.person, "JBSWY3DPEHPK3PXP")
    assert says in words(first_line.get(PAGE))


def test_every_action_has_words_once() -> None:
    named = [action for _key, _heading, area in AREAS for action in area]
    assert sorted(named) == sorted(MAY)
    said = [str(one) for _key, _heading, area in AREAS for one in area.values()]
    assert len(set(said)) == len(said)


def test_who_is_refused_is_shown_who_may(first_line: LoggedIn) -> None:
    assert PAGE in first_line.get("/organisation/people/").content.decode()


def test_who_has_no_role_is_shown_no_door_that_stays_shut(log_in) -> None:
    answer = log_in().get("/organisation/people/")
    assert answer.status_code == 403
    assert PAGE not in answer.content.decode()

"""A new password ends what the old one may have opened."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from audit.models import TrailEntry
from organisation.invitations import link_for
from tests.conftest import LogIn, Program
from tests.factories import UserFactory
from tests.factories.organisation import PASSWORD
from tests.findings_pages.reading_pages import words

pytestmark = pytest.mark.django_db
CHANGE = "/account/password/change/"
ME = "/api/v1/me/"
NEW = "a wholly different secret 7"


def test_a_changed_password_ends_tokens_and_other_sessions_and_says_so(log_in: LogIn) -> None:
    browser = log_in(first_line=True)
    elsewhere, program = log_in(browser.person), Program(browser.person)
    assert "your tokens for programs end" in words(browser.get(CHANGE))
    said = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    answer = browser.post(CHANGE, said, follow=True)
    assert "1 token for a program ended with the old password" in words(answer)
    assert browser.get(ME).status_code == 200
    assert elsewhere.get(ME).status_code == 401
    assert program.get(ME).status_code == 401
    assert TrailEntry.objects.get(action="token.revoked").detail["because"] == "new password"
    entry = TrailEntry.objects.get(action="person.password_changed")
    assert (entry.object_id, entry.detail) == (browser.person.public_id, {"tokens_ended": 1})
    assert NEW not in str(list(TrailEntry.objects.values_list("detail", flat=True)))


def test_a_password_by_a_link_ends_them_too(db: None) -> None:
    person = UserFactory(first_line=True)
    program, browser = Program(person), Client()
    page = browser.get(link_for(person), follow=True)
    action = re.search(r'<form class="form" method="post" action="([^"]+)"', page.content.decode())
    assert action
    browser.post(action[1], {"password1": NEW, "password2": NEW})
    assert program.get(ME).status_code == 401
    assert TrailEntry.objects.filter(action="person.password_changed", actor=person.public_id).exists()


def test_who_has_no_password_is_not_offered_to_change_it(log_in: LogIn) -> None:
    browser = log_in(first_line=True)
    assert CHANGE in browser.get("/organisation/preferences/").content.decode()
    person = UserFactory(first_line=True)
    person.set_unusable_password()
    person.save()
    assert CHANGE not in log_in(person).get("/organisation/preferences/").content.decode()

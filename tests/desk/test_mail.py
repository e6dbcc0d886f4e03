"""Every notice stands under the bell; each person chooses what is mailed as well, at once or once a day."""

from __future__ import annotations

from datetime import datetime

import pytest
from pytest_django import Settings

from audit.models import TrailEntry
from desk import digests, notices
from desk.models import Group, Mail, Notice, OutboxMessage
from desk.tasks import send_digests
from organisation.models import User
from tests.clock import at
from tests.conftest import LoggedIn
from tests.factories import NoticeFactory, UserFactory
from tests.findings_pages.reading_pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def settings_of_mail(settings: Settings) -> None:
    settings.PORTAL_ADDRESS, settings.DIGEST_AT_HOUR = "https://portal.example", 7


def utc(moment: str) -> datetime:
    return datetime.fromisoformat(f"{moment}+00:00")


def noticed(person: User, moment: str, **other: str) -> Notice:
    notice: Notice = NoticeFactory(person=person, at=utc(moment), for_digest=True, **other)
    return notice


def chosen(**other: str) -> dict[str, str]:
    said = {group.value: "never" for group in Group} | other
    return {f"mail_{group}": mail for group, mail in said.items()}


def test_a_person_chooses_on_their_preferences(first_line: LoggedIn) -> None:
    page = words(first_line.get("/organisation/preferences/"))
    assert "Mentions of you" in page
    assert "What you watch: comments and changes" in page
    answer = first_line.post("/desk/notices/mail/", chosen(watched="now"), follow=True)
    assert "The portal mails you as you chose, from now on." in words(answer)
    assert notices.choices_of(first_line.person) == {
        group: Mail.NOW if group == Group.WATCHED else Mail.NEVER for group in Group
    }
    entry = TrailEntry.objects.get(action="person.mail_chosen")
    assert entry.detail["changed"]["watched"] == ["daily", "now"]
    first_line.post("/desk/notices/mail/", chosen(watched="now"))
    assert TrailEntry.objects.filter(action="person.mail_chosen").count() == 1


def test_a_choice_that_there_is_not_changes_nothing(first_line: LoggedIn) -> None:
    answer = first_line.post("/desk/notices/mail/", chosen(watched="hourly"), follow=True)
    assert "Nothing was changed: choose one of the three for each." in words(answer)
    assert notices.choices_of(first_line.person)[Group.MENTION] == Mail.NOW


@pytest.mark.parametrize(
    ("kind", "mail", "letters"), [("mention", "now", 1), ("comment", "daily", 0), ("export", "never", 0)]
)
def test_until_somebody_chooses_it_goes_by_the_group(kind: str, mail: str, letters: int) -> None:
    (notice,) = notices.notify(UserFactory(), kind, "Look", url="/findings/")
    assert notice.mail == mail
    assert OutboxMessage.objects.count() == letters


def test_a_letter_says_it_all_and_leads_there() -> None:
    (notice,) = notices.notify(UserFactory(email="ana@example.org"), "mention", "Look\nat this " + "x" * 400)
    letter = OutboxMessage.objects.get()
    assert (letter.to, letter.subject) == ("ana@example.org", "Look")
    assert letter.body == (
        f"Look\nat this {'x' * 400}\n\nhttps://portal.example/desk/notices/{notice.public_id}/\n\n"
        "You choose what the portal mails to you: https://portal.example/organisation/preferences/"
    )


def test_what_concerns_security_goes_whatever_they_chose() -> None:
    ana = UserFactory()
    notices.choose(ana, dict.fromkeys(Group, Mail.NEVER))
    notices.notify(ana, "mention", "Named")
    notices.notify(ana, "login", "A new device", mail_key="login:1")
    assert [one.key for one in OutboxMessage.objects.all()] == [f"login:1:{ana.public_id}"]


def test_the_mail_of_the_day_has_what_is_unread_since_the_last() -> None:
    ana = UserFactory()
    first, read, second = (noticed(ana, f"2026-03-30T0{n}:00", text=f"Told {n}") for n in (1, 2, 3))
    Notice.objects.filter(pk=read.pk).mark_read()
    assert digests.send_due(utc("2026-03-30T06:59")) == 0
    assert digests.send_due(utc("2026-03-30T07:00")) == 1
    letter = OutboxMessage.objects.get()
    assert (letter.to, letter.subject) == (ana.email, "2 new notices, 30 Mar 2026")
    assert letter.body == (
        f"Told 1\nhttps://portal.example/desk/notices/{first.public_id}/\n\n"
        f"Told 3\nhttps://portal.example/desk/notices/{second.public_id}/\n\n"
        "You choose what the portal mails to you: https://portal.example/organisation/preferences/"
    )


def test_there_is_one_a_day_and_the_rest_waits_for_the_next() -> None:
    ana = UserFactory()
    noticed(ana, "2026-03-30T01:00")
    assert digests.send_due(utc("2026-03-30T09:00")) == 1
    noticed(ana, "2026-03-30T10:00", text="Later")
    assert [digests.send_due(utc(f"2026-03-30T{hour}:00")) for hour in (11, 23)] == [0, 0]
    assert digests.send_due(utc("2026-03-31T06:00")) == 0
    assert digests.send_due(utc("2026-03-31T07:10")) == 1
    assert digests.send_due(utc("2026-03-31T07:10")) == 0
    assert OutboxMessage.objects.latest("id").body.startswith("Later\n")


def test_the_hour_is_that_of_where_they_live() -> None:
    for zone in ("Pacific/Auckland", "America/New_York"):
        noticed(UserFactory(time_zone=zone), "2026-03-29T12:00")
    assert digests.send_due(utc("2026-03-29T17:00")) == 0
    assert digests.send_due(utc("2026-03-29T18:00")) == 1
    assert digests.send_due(utc("2026-03-30T10:59")) == 0
    assert digests.send_due(utc("2026-03-30T11:00")) == 1


def test_who_left_or_wants_none_any_more_gets_none() -> None:
    left, ana = UserFactory(is_active=False), UserFactory()
    for person in (left, ana):
        noticed(person, "2026-03-30T01:00", kind="comment")
    with at("2026-03-30"):
        notices.choose(ana, {Group.WATCHED: Mail.NEVER})
        send_digests()
    assert not OutboxMessage.objects.exists()


def test_a_very_long_day_names_the_last_in_the_portal() -> None:
    ana = UserFactory()
    for _ in range(52):
        noticed(ana, "2026-03-30T01:00")
    digests.send_due(utc("2026-03-30T08:00"))
    body = OutboxMessage.objects.get().body
    assert body.count("/desk/notices/N-") == 50
    assert "2 more are in the portal:\nhttps://portal.example/desk/notices/\n" in body

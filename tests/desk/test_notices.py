from datetime import datetime, timedelta

import pytest
from django.core import mail
from pytest_django import DjangoAssertNumQueries, Settings

from desk import outbox
from desk.models import Notice, OutboxMessage
from desk.notices import notify
from organisation.models import User
from tests.clock import at
from tests.conftest import LoggedIn
from tests.factories import DelegationFactory, NoticeFactory, UserFactory
from tests.factories.desk import OutboxMessageFactory


def test_a_notice_is_read_when_it_is_opened(first_line: LoggedIn) -> None:
    notify(first_line.person, "drift", "Payments: S3.8 began to fail", url="/desk/jobs/", subject="S-1")
    notice = Notice.objects.get()
    assert "1 unread notice" in first_line.get("/desk/notices/").content.decode()
    answer = first_line.get(f"/desk/notices/{notice.public_id}/")
    assert answer["Location"] == "/desk/jobs/"
    assert "Nothing new" in first_line.get("/desk/notices/").content.decode()


def test_a_notice_leads_nowhere_outside(first_line: LoggedIn) -> None:
    notice = NoticeFactory(person=first_line.person, url="//elsewhere.example/")
    answer = first_line.get(f"/desk/notices/{notice.public_id}/")
    assert answer["Location"] == "/desk/notices/"


def test_all_of_mine_are_read_at_once_and_no_others(first_line: LoggedIn) -> None:
    NoticeFactory.create_batch(2, person=first_line.person)
    theirs = NoticeFactory()
    first_line.post("/desk/notices/read/")
    assert list(Notice.objects.unread()) == [theirs]


def test_nobody_is_told_twice_and_nobody_who_left(db: None) -> None:
    ana, left = UserFactory(), UserFactory(is_active=False)
    made = notify([ana, ana, left], "due", "Due today", mail_key="due:1")
    notify([ana], "due", "Due today", mail_key="due:1")
    assert [notice.person for notice in made] == [ana]
    assert OutboxMessage.objects.get().to == ana.email


def test_what_is_sent_is_sent_once(db: None) -> None:
    OutboxMessageFactory.create_batch(2)
    assert outbox.deliver() == 2
    assert outbox.deliver() == 0
    assert len(mail.outbox) == 2
    assert mail.outbox[0].extra_headers["Message-ID"] != mail.outbox[1].extra_headers["Message-ID"]


def test_a_refused_message_waits_and_is_tried_again(db: None, settings: Settings) -> None:
    with at("2026-03-31"):
        message = OutboxMessageFactory()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        assert outbox.deliver() == 0
        message.refresh_from_db()
        assert (message.tries, message.sent_at) == (1, None)
        assert message.error.startswith(ConnectionRefusedError.__name__)
        assert outbox.deliver() == 0
    with at("2026-04-01"):
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        assert outbox.deliver() == 1
    message.refresh_from_db()
    assert (message.tries, message.error) == (2, "")


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    first_line: LoggedIn, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    NoticeFactory.create_batch(count, person=first_line.person)
    first_line.get("/desk/notices/")
    with django_assert_num_queries(7):
        first_line.get("/desk/notices/")


def away(until: str = "2026-04-03") -> tuple[User, User]:
    """Ana, who is away until that day, and Ben, who stands in."""
    ana, ben = UserFactory(name="Ana", first_line=True), UserFactory(name="Ben", first_line=True)
    begins, ends = (datetime.fromisoformat(f"{day}T00:00+00:00") for day in ("2026-03-20", until))
    DelegationFactory(delegator=ana, delegate=ben, valid_from=begins, valid_to=ends + timedelta(days=1))
    return ana, ben


def test_who_stands_in_is_told_too_and_for_whom_until_when(db: None) -> None:
    ana, ben = away()
    with at("2026-03-31"):
        notify([ana], "risk_level", "Cleo proposes a level for R-1", url="/risks/R-1/", subject="R-1", mail_key="x")
    copy = Notice.objects.get(person=ben)
    assert copy.text == "For Ana, who is away until 3 Apr 2026: Cleo proposes a level for R-1"
    assert (copy.url, copy.kind, copy.subject) == ("/risks/R-1/", "risk_level", "R-1")
    assert Notice.objects.get(person=ana).text == "Cleo proposes a level for R-1"
    assert copy.text in OutboxMessage.objects.get(to=ben.email).body


def test_not_of_what_they_did_or_are_told_anyway(db: None) -> None:
    ana, ben = away()
    with at("2026-03-31"):
        notify([ana], "risk_level", "Ben proposes a level for R-1", by=ben)
        assert not Notice.objects.filter(person=ben).exists()
        notify([ana, ben], "risk_level", "Cleo proposes a level for R-1")
    assert Notice.objects.get(person=ben).text == "Cleo proposes a level for R-1"


@pytest.mark.parametrize("day", ["2026-03-19", "2026-04-04"])
def test_nor_on_another_day(db: None, day: str) -> None:
    ana, ben = away()
    with at(day):
        notify([ana], "risk_level", "Cleo proposes a level for R-1")
    assert not Notice.objects.filter(person=ben).exists()


def test_nor_of_an_export_that_the_other_started(db: None) -> None:
    ana, ben = away()
    with at("2026-03-31"):
        notify([ana], "export", "X-1 is ready")
    assert not Notice.objects.filter(person=ben).exists()

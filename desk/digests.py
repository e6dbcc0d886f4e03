"""The mail of the day: one e-mail per person and day, once it is past an hour where they live."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import translation

from audit import clock
from desk import letters
from desk.models import Notice, OutboxMessage
from organisation.models import User


def due_since(person: User, at: datetime) -> datetime:
    """The last time that it was the hour of the mail of the day in the person's own zone."""
    zone = ZoneInfo(person.time_zone)
    today = at.astimezone(zone).date()
    hour = datetime.combine(today, time(settings.DIGEST_AT_HOUR), tzinfo=zone)
    return hour if hour <= at else datetime.combine(today - timedelta(days=1), hour.timetz())


def send_due(at: datetime) -> int:
    """Write the mails that are due. Answers how many. Any number of workers may do so at once."""
    waiting = Notice.objects.for_digest(at).filter(person=OuterRef("pk"))
    return sum(_send(person, at) for person in User.objects.active().filter(Exists(waiting)))


@transaction.atomic
def _send(person: User, at: datetime) -> bool:
    """Whether there was one: of what came before the hour, and once for it."""
    since = due_since(person, at)
    key = f"digest:{person.public_id}:{since.date().isoformat()}"
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    notices = list(Notice.objects.visible_to(person).for_digest(since).order_by("id"))
    if not notices or OutboxMessage.objects.filter(key=key).exists():
        return False
    with translation.override(person.reads):
        subject, body = letters.of_day(notices, since.date())
    OutboxMessage.objects.write(key, to=person.email, subject=subject, body=body)
    Notice.objects.filter(pk__in=[one.pk for one in notices]).update(mailed_at=clock.now())
    return True

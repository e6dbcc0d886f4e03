"""Telling people something: under the bell, and by e-mail where it cannot wait."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from audit import clock
from desk.models import Notice, OutboxMessage
from organisation.models import User


@transaction.atomic
def notify(
    people: User | Iterable[User],
    kind: str,
    text: str,
    *,
    url: str = "",
    subject: str = "",
    mail_key: str = "",
) -> list[Notice]:
    """Put a notice under the bell of each active person, once each.

    kind: what it is about, e.g. "drift". url: a path of the portal. subject: a public id.
    mail_key: send it by e-mail too; the same key never sends twice to the same person.
    """
    chosen = {person.pk: person for person in ([people] if isinstance(people, User) else people)}
    active = [person for person in chosen.values() if person.is_active]
    made = Notice.objects.bulk_create(
        Notice(person=person, at=clock.now(), kind=kind, text=text[:300], url=url, subject=subject) for person in active
    )
    if mail_key:
        for person in active:
            key = f"{mail_key}:{person.public_id}"
            OutboxMessage.objects.write(key, to=person.email, subject=text[:200], body=text)
    return made

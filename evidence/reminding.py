"""Reminders of what awaits a person and of what is overdue: each once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TypeVar

import structlog
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from evidence.models import Attestation, EvidenceRequest
from evidence.telling import ATTESTATION, DAYS, EXPIRES, LATE, LATE_ASKER, REQUEST, Told, remind
from organisation.models import User

Row = TypeVar("Row", EvidenceRequest, Attestation)
log = structlog.get_logger()


def follow(at: datetime) -> int:
    """Remind of everything that is due. How many were told. Safe to repeat."""
    soon = timezone.localdate(at) + timedelta(days=max(DAYS))
    told = 0
    requests = EvidenceRequest.objects.unanswered().filter(due_on__lte=soon)
    for one in requests.select_related("asked_by", "assignee").order_by("pk"):
        told += _safely(of_request, one, at)
    awaited = Attestation.objects.awaited().filter(due_on__lte=soon)
    for each in awaited.select_related("asked_by", "asked_of", "control").order_by("pk"):
        told += _safely(of_awaited, each, at)
    standing = (
        Attestation.objects.standing(at)
        .latest_of_its_control(at)
        .filter(expires_at__lte=at + timedelta(days=max(DAYS)))
    )
    for each in standing.select_related("asked_by", "asked_of", "control").order_by("pk"):
        told += _safely(of_standing, each, at)
    return told


def _safely(remind_of: Callable[[Row, datetime], int], one: Row, at: datetime) -> int:
    try:
        return remind_of(one, at)
    except Exception:
        log.exception("not_reminded", subject=one.public_id)
        return 0


def of_request(found: EvidenceRequest, at: datetime) -> int:
    """The assignee 7 days and 1 day before and when it is overdue; then whoever asked, too."""
    told = {"id": found.public_id, "title": found.title, "day": _day(found.due_on), "name": found.assignee.name}
    due = _("%(id)s awaits your answer by %(day)s: %(title)s") % told
    late = _("%(id)s was due on %(day)s and awaits your answer: %(title)s") % told
    asker = _("%(id)s was due on %(day)s and %(name)s has not answered: %(title)s") % told
    return _of_day(found, REQUEST, found.assignee, found.due_on, found.asked_at, at, (due, late, asker))


def of_awaited(found: Attestation, at: datetime) -> int:
    told = {
        "id": found.public_id, "control": found.control.name, "day": _day(found.due_on), "name": found.asked_of.name,
    }  # fmt: skip
    due = _("%(id)s awaits your attestation by %(day)s: %(control)s") % told
    late = _("%(id)s was due on %(day)s and awaits your attestation: %(control)s") % told
    asker = _("%(id)s was due on %(day)s and %(name)s has not attested: %(control)s") % told
    return _of_day(found, ATTESTATION, found.asked_of, found.due_on, found.asked_at, at, (due, late, asker))


def _of_day(
    found: Told, kind: str, person: User, due_on: date, asked_at: datetime, at: datetime, words: tuple[str, str, str]
) -> int:
    """Not of days that were over when it was asked."""
    today, asked_on = timezone.localdate(at), timezone.localdate(asked_at)
    due, late, asker = words
    if due_on < today:
        mine = remind(person, found, f"{kind}_{LATE}", late)
        theirs = found.asked_by != person and remind(found.asked_by, found, f"{kind}_{LATE_ASKER}", asker)
        return int(mine) + int(theirs)
    reached = [days for days in DAYS if asked_on <= due_on - timedelta(days=days) <= today]
    return int(bool(reached) and remind(person, found, f"{kind}_{min(reached)}", due))


def of_standing(found: Attestation, at: datetime) -> int:
    """Who gave it and who asked, before it expires: it has to be given anew."""
    assert found.expires_at
    assert found.attested_at
    reached = [days for days in DAYS if found.attested_at <= found.expires_at - timedelta(days=days) <= at]
    if not reached:
        return 0
    told = {"id": found.public_id, "control": found.control.name, "day": _day(timezone.localdate(found.expires_at))}
    text = _("%(id)s expires on %(day)s: attest %(control)s anew for the time since") % told
    people = dict.fromkeys([found.asked_of, found.asked_by])
    return sum(remind(one, found, f"{ATTESTATION}_{EXPIRES}_{min(reached)}", text) for one in people)


def _day(day: date) -> str:
    return date_format(day, "j M Y")

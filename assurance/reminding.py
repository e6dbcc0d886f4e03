"""Reminders of audit findings, before and after the day that was agreed: once each."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from assurance.finding_verbs import following
from assurance.models import AuditFinding
from desk.models import Notice
from desk.notices import notify

BEFORE = (7, 1)
"""Days before the agreed one."""
AFTER = (1, 14)
"""Days after it: then those who follow it up are told too."""


def remind(at: datetime) -> int:
    """Of every finding that was agreed and is not said to be done. How many reminders. Safe to repeat."""
    today = timezone.localdate(at, timezone.get_default_timezone())
    near = AuditFinding.objects.filter(
        state=AuditFinding.State.AGREED, agreed_on__lte=today + timedelta(days=max(BEFORE))
    )
    rows = near.select_related("owner", "engagement__closed_by", "written_by")
    return sum(_remind_of(one, one.agreed_on, today) for one in rows if one.agreed_on)


def _remind_of(finding: AuditFinding, day: date, today: date) -> int:
    """Once for each number of days since it was agreed for this day."""
    late = (today - day).days
    reached = [days for days in (*(-days for days in BEFORE), *AFTER) if days <= late]
    if not reached:
        return 0
    kind = f"audit_finding_due_{max(reached)}"
    agreed = finding.steps.filter(state=AuditFinding.State.AGREED).last()
    told_already = Notice.objects.filter(kind=kind, subject=finding.public_id)
    if (told_already.filter(at__gte=agreed.at) if agreed else told_already).exists():
        return 0
    told = {"id": finding.public_id, "title": finding.title, "on": date_format(day, "j M Y")}
    over = _("%(id)s, %(title)s: agreed for %(on)s, which is over")
    words = over if late > 0 else _("%(id)s, %(title)s: agreed for %(on)s")
    people = [finding.owner, *(following(finding) if late > 0 else ())]
    url = reverse("assurance:finding", args=[finding.public_id])
    notify(people, kind, words % told, url=url, subject=finding.public_id)
    return 1

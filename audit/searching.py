"""What a reader looks for in the trail: read from an address, and the acts that match it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.core.exceptions import BadRequest
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.models import TrailEntry
from audit.models.trail import TrailQuerySet
from audit.moment import Moment

LABELS: dict[str, Promise] = {
    "actor": gettext_lazy("By"),
    "action": gettext_lazy("Act"),
    "kind": gettext_lazy("Kind"),
    "object": gettext_lazy("To"),
    "request": gettext_lazy("Request"),
    "q": gettext_lazy("Words"),
    "since": gettext_lazy("From"),
    "until": gettext_lazy("Until"),
}
"""Every filter, as an address names it. since and until are days in the reader's zone, both included."""


@dataclass(frozen=True)
class Search:
    """asked: every filter, "" where it is not used. before: nothing of this moment or later."""

    asked: Mapping[str, str]
    before: datetime | None = None

    @classmethod
    def of(cls, query: Mapping[str, str], moment: Moment | None = None) -> Search:
        asked = {name: query.get(name, "").strip() for name in LABELS}
        return cls(asked, None if moment is None or moment.is_now else moment.at)

    @property
    def filters(self) -> dict[str, str]:
        """Those that are used."""
        return {name: value for name, value in self.asked.items() if value}

    def acts(self) -> TrailQuerySet:
        """Raises BadRequest where a day is none."""
        asked = self.asked
        until = [moment for moment in (_end(asked["until"]), self.before) if moment]
        return TrailEntry.objects.matching(
            actor=asked["actor"],
            action=asked["action"],
            kind=asked["kind"],
            subject=asked["object"],
            request=asked["request"],
            words=asked["q"],
        ).between(_begin(asked["since"]), min(until, default=None))


def _begin(value: str) -> datetime | None:
    """The first moment of a day, in the reader's zone. Raises BadRequest where it is no day."""
    if not value:
        return None
    try:
        day: date | None = parse_date(value)
    except ValueError:
        day = None
    if day is None:
        raise BadRequest(_("A day is written like 2026-06-30."))
    return timezone.make_aware(datetime.combine(day, time()))


def _end(value: str) -> datetime | None:
    begun = _begin(value)
    return begun + timedelta(days=1) if begun else None

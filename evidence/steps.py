"""The steps of a control's frequency: days, weeks, months and years, as they end in the organisation's zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from django.conf import settings

from controls.models import Frequency
from organisation.models.dated import begins

MONTHS = {Frequency.MONTHLY: 1, Frequency.QUARTERLY: 3, Frequency.HALF_YEARLY: 6, Frequency.YEARLY: 12}
"""Of a step that is no day and no week: 1 January begins one of each."""


@dataclass(frozen=True)
class Step:
    """From `begin` up to `end`, which is no longer in it. first, last: its days."""

    first: date
    last: date

    @property
    def begin(self) -> datetime:
        return begins(self.first)

    @property
    def end(self) -> datetime:
        return begins(self.last + timedelta(days=1))


def steps_before(frequency: str, at: datetime) -> Iterator[Step]:
    """Those that have ended by a moment, the last one first, without an end."""
    day = at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    first = _first_of(Frequency(frequency), day)
    while True:
        last = first - timedelta(days=1)
        first = _first_of(Frequency(frequency), last)
        yield Step(first, last)


def last_step(frequency: str, at: datetime) -> Step:
    """The one that has ended last."""
    return next(steps_before(frequency, at))


def last_steps(frequency: str, at: datetime, n: int) -> list[Step]:
    return list(islice(steps_before(frequency, at), n))


def _first_of(frequency: Frequency, day: date) -> date:
    """The first day of the step that a day is in. Weeks begin on Monday."""
    if frequency in MONTHS:
        months = MONTHS[frequency]
        return date(day.year, (day.month - 1) // months * months + 1, 1)
    return day - timedelta(days=day.weekday()) if frequency == Frequency.WEEKLY else day

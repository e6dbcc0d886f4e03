from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Self, TypeVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from audit.moment import in_force

Row = TypeVar("Row", bound=models.Model, covariant=True)


def begins(day: date) -> datetime:
    """The first moment of a day, in the organisation's zone."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(settings.TIME_ZONE))


def ends(day: date) -> datetime:
    """The first moment after a day: what holds until the 30th holds all of the 30th."""
    return begins(day + timedelta(days=1))


class DatedQuerySet(models.QuerySet[Row]):
    def in_force(self, at: datetime) -> Self:
        return self.filter(in_force(at))

    def not_ended(self, at: datetime) -> Self:
        """In force, or to come."""
        return self.filter(Q(valid_to=None) | Q(valid_to__gt=at))

    def turned(self, since: datetime, until: datetime) -> Self:
        """What began or ended in a period."""
        return self.filter(Q(valid_from__gt=since, valid_from__lte=until) | Q(valid_to__gt=since, valid_to__lte=until))


class Dated(models.Model):
    """A fact that people enter and end, never delete: it holds from `valid_from` until `valid_to`."""

    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_ends_after_it_begins",
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
            )
        ]

    def close(self, at: datetime) -> None:
        """It holds no longer. What had not begun yet never holds."""
        self.valid_to = max(at, self.valid_from)
        self.save(update_fields=["valid_to"])

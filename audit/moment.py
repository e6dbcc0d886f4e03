"""A question is asked of a moment: what was true at `at`, as we knew it at `known_at`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from audit import clock


@dataclass(frozen=True)
class Moment:
    """`at`: when it was true, UTC. `known_at`: when the portal had learnt it, UTC.

    is_bound: the reader may look at a period only, so that nothing of another moment stands in for what lacks.
    """

    at: datetime
    known_at: datetime
    is_now: bool = False
    is_bound: bool = False

    @classmethod
    def now(cls) -> Moment:
        at = clock.now()
        return cls(at=at, known_at=at, is_now=True)

    @classmethod
    def of(cls, at: datetime | None, known_at: datetime | None = None) -> Moment:
        """The moment `at` as known at `known_at`; now where either is not given."""
        if at is None and known_at is None:
            return cls.now()
        return cls(at=at or clock.now(), known_at=known_at or clock.now())

    def holds(self, prefix: str = "") -> Q:
        """The condition on a table of validity spans (see audit.models.Span) for this moment."""

        def where(**lookups: Any) -> Q:
            return Q(**{f"{prefix}{name}": value for name, value in lookups.items()})

        if self.is_now:
            return where(valid_to=None, superseded_at=None)
        still_valid = where(valid_to=None) | where(valid_to__gt=self.at) | where(end_recorded_at__gt=self.known_at)
        still_believed = where(superseded_at=None) | where(superseded_at__gt=self.known_at)
        begun = where(valid_from__lte=self.at, recorded_at__lte=self.known_at)
        return begun & still_valid & still_believed


def in_force(at: datetime, prefix: str = "") -> Q:
    """The condition on dated rows (`valid_from`, `valid_to`) that people write, at a moment."""
    from_, to = f"{prefix}valid_from", f"{prefix}valid_to"
    return Q(**{f"{from_}__lte": at}) & (Q(**{to: None}) | Q(**{f"{to}__gt": at}))


SPAN_ORDER = Q(valid_to=None) | Q(valid_to__gt=F("valid_from"))
"""A span ends after it begins: the check constraint of every table of spans."""

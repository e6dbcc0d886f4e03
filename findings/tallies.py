"""How many findings stand where: from the maintained postures for now, from counted ones for any other moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, Q, Sum
from django.db.models.constants import LOOKUP_SEP

from audit.moment import Moment
from findings.models import AccountSum, CheckSum, Posture, Severity, Status
from findings.models.queries import OwnedQuerySet
from findings.past_posture import past_postures
from organisation.models import Visibility

DIMENSIONS = frozenset({"check_ran", "account", "region", "solutions", "status", "severity", "suppressed"})

ADDED_UP = frozenset({"solutions", "status", "severity", "suppressed"})
SUMS: tuple[tuple[Any, frozenset[str]], ...] = (
    (AccountSum, ADDED_UP | {"account"}),
    (CheckSum, ADDED_UP | {"check_ran"}),
)
"""Sums of the postures of now → what they tell apart."""

DUE_WITHIN: dict[int, timedelta] = {
    Severity.CRITICAL: timedelta(days=7),
    Severity.HIGH: timedelta(days=30),
    Severity.MEDIUM: timedelta(days=60),
    Severity.LOW: timedelta(days=90),
}


def due_within(severity: int) -> timedelta | None:
    """The time from the first failure to the due date; None for none. Source: docs/method.md#due-dates."""
    if severity == Severity.NONE:
        return timedelta(days=settings.DUE_UNRATED_DAYS) or None
    return DUE_WITHIN.get(severity)


@dataclass
class Tally:
    """Counts of one group of findings. Suppressed ones stand apart: they are in no score."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    not_applicable: int = 0
    reported: int = 0
    suppressed: int = 0
    failed_by_severity: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    reported_by_severity: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    first_failed: datetime | None = None
    last_failed: datetime | None = None

    @property
    def assessed(self) -> int:
        """Findings with a result: what a share of passes is a share of."""
        return self.passed + self.failed + self.unknown

    @property
    def per_cent_passed(self) -> int | None:
        """0-100, rounded down so that 100 means all; None where nothing is assessed."""
        return self.passed * 100 // self.assessed if self.assessed else None

    @property
    def worst(self) -> int:
        """The highest severity among the fails, 0 where nothing fails."""
        return max((severity for severity, n in self.failed_by_severity.items() if n), default=0)

    @property
    def due(self) -> datetime | None:
        """When the oldest failure is due by the worst severity; None where nothing fails or is ever due."""
        within = due_within(self.worst)
        return self.first_failed + within if self.first_failed and within else None

    def add(self, row: dict[str, Any]) -> None:
        """Count a row of `rows_by` in: status, severity, suppressed and total, and its dates where it has them."""
        status, n = row["status"], row["total"]
        if row["suppressed"]:
            self.suppressed += n
        elif status == Status.PASS:
            self.passed += n
        elif status == Status.FAIL:
            self.failed += n
            self.failed_by_severity[row["severity"]] += n
            self.first_failed = min(filter(None, (self.first_failed, row.get("oldest"))), default=None)
            self.last_failed = max(filter(None, (self.last_failed, row.get("newest"))), default=None)
        elif status == Status.UNKNOWN:
            self.unknown += n
        elif status == Status.REPORT:
            self.reported += n
            self.reported_by_severity[row["severity"]] += n
        else:
            self.not_applicable += n


def postures(moment: Moment) -> OwnedQuerySet[Any]:
    """The counts at a moment: kept up for now, counted for any other (see `past_postures` for what that asks)."""
    return Posture.objects.all() if moment.is_now else past_postures(moment)


def counts(user: object, moment: Moment, names: Collection[str]) -> OwnedQuerySet[Any]:
    """The fewest rows with `n` that tell these dimensions apart, and what `user` may see: sums where they do."""
    asked = {*names} if Visibility.of(user).everything else {*names, "account"}
    fit = [model.objects.all() for model, known in SUMS if moment.is_now and asked <= known]
    found: OwnedQuerySet[Any] = fit[0] if fit else postures(moment)
    return found


def names_in(condition: Q) -> set[str]:
    """The fields that a condition is on."""
    found = set[str]()
    children: Any = condition.children
    for child in children:
        found |= names_in(child) if isinstance(child, Q) else {child[0].split(LOOKUP_SEP)[0]}
    return found


def rows_by(
    user: object, moment: Moment, *by: str, where: Q | None = None, dated: bool = True, dates_of: Q | None = None
) -> list[dict[str, Any]]:
    """Counts of what `user` may see at `moment`, grouped by dimensions: [{*by, total, oldest, newest}].

    by, and the names in `where`: of DIMENSIONS. dated: with oldest and newest. dates_of: of these rows only, since
    a date takes longer to read than all the rest of a row. One query.
    """
    assert set(by) <= DIMENSIONS
    found = postures(moment) if dated else counts(user, moment, {*by, *names_in(where or Q())})
    dates: dict[str, Any] = {}
    if dated:
        dates = {"oldest": Min("oldest_since", filter=dates_of), "newest": Max("newest_since", filter=dates_of)}
    grouped = found.visible_to(user).filter(where or Q()).values(*by)
    return list(grouped.annotate(total=Sum("n"), **dates).order_by())


def spread(user: object, moment: Moment, where: Q) -> dict[int, tuple[int, datetime]]:
    """By check: in how many accounts what `where` asks for stands, and since when the oldest of it. One query."""
    found = postures(moment).visible_to(user).filter(where).values_list("check_ran").order_by()
    rows = found.annotate(accounts=Count("account", distinct=True), oldest=Min("oldest_since"))
    return {check: (accounts, oldest) for check, accounts, oldest in rows}


def tallies(user: object, moment: Moment, *by: str, where: Q | None = None) -> dict[tuple[Any, ...], Tally]:
    """A tally per group of `by` (of DIMENSIONS but status, severity, suppressed). One query.

    Grouped by "solutions", the key holds each solution in turn (None: no solution), so that a
    finding shared by two stands in both; a total over all counts it once.
    """
    found: dict[tuple[Any, ...], Tally] = defaultdict(Tally)
    for row in rows_by(user, moment, *by, "status", "severity", "suppressed", where=where):
        for key in _keys(row, by):
            found[key].add(row)
    return dict(found)


def _keys(row: dict[str, Any], by: tuple[str, ...]) -> Iterable[tuple[Any, ...]]:
    if "solutions" not in by:
        return [tuple(row[name] for name in by)]
    return [
        tuple(solution if name == "solutions" else row[name] for name in by) for solution in row["solutions"] or [None]
    ]

"""What failed and passed day by day, from the counts that are kept at the end of each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson
from django.contrib.postgres.aggregates import JSONBAgg
from django.db.models import Func, JSONField, Max, Q, Sum, TextField
from django.db.models.functions import Cast

from audit.moment import Moment
from findings.models import PostureDay, PostureTotal, Status
from organisation.models import Visibility

SETS = Cast(
    JSONBAgg(Func("solutions", "passed", "failed", "assessed", function="jsonb_build_array", output_field=JSONField())),
    TextField(),
)
"""What a day counts of each set of solutions, in one value: a row and a time for each takes four times as long."""
ASSESSED = (Status.PASS, Status.FAIL, Status.UNKNOWN)
Series = list[int | None]
"""A value a day; None for a day without a count."""


@dataclass
class DayCount:
    """assessed: findings with a result, as in findings.tallies.Tally."""

    passed: int = 0
    failed: int = 0
    assessed: int = 0

    def add(self, passed: int, failed: int, assessed: int) -> None:
        self.passed += passed
        self.failed += failed
        self.assessed += assessed


@dataclass(frozen=True)
class Trends:
    """days: oldest first. Each series has one value a day. by_solution: None for no solution.

    counted_at: day → when its counts were made.
    """

    days: Sequence[date]
    total: Mapping[date, DayCount] = field(default_factory=dict)
    by_solution: Mapping[int | None, Mapping[date, DayCount]] = field(default_factory=dict)
    counted_at: Mapping[date, datetime] = field(default_factory=dict)

    @property
    def fails(self) -> Series:
        return self._fails(self.total)

    def fails_of(self, solution: int | None) -> Series:
        return self._fails(self.by_solution.get(solution, {}))

    @property
    def is_empty(self) -> bool:
        return not self.total

    def moment_of(self, day: date) -> Moment:
        """What a day's counts are of: its end, or when they were made that day; as was known when they were made."""
        counted = self.counted_at[day]
        return Moment(min(counted, datetime.combine(day, time.max, tzinfo=UTC)), counted)

    def _fails(self, counts: Mapping[date, DayCount]) -> Series:
        return [counts[day].failed if day in counts else None for day in self.days]


def trends(user: object, last: date, days: int, where: Q | None = None) -> Trends:
    """The `days` days up to `last`, which is left out where its count is still to come. One query.

    where: on `solutions`. Suppressed findings are in no count.
    """
    first = last - timedelta(days=days - 1)
    total: dict[date, DayCount] = defaultdict(DayCount)
    by_solution: dict[int | None, dict[date, DayCount]] = defaultdict(lambda: defaultdict(DayCount))
    counted_at: dict[date, datetime] = {}
    for on, solutions, *counts, counted in _rows(user, where or Q(), (first, last)):
        counted_at[on] = counted
        total[on].add(*counts)
        for solution in solutions or [None]:
            by_solution[solution][on].add(*counts)
    span = [first + timedelta(days=n) for n in range(days)]
    return Trends(span if last in total else span[:-1], dict(total), dict(by_solution), counted_at)


def _rows(user: object, where: Q, between: tuple[date, date]) -> Iterable[Any]:
    """(day, solutions, passed, failed, assessed, counted at), a day's several times where accounts decide."""
    if Visibility.of(user).everything:
        totals = PostureTotal.objects.filter(where, on__range=between).values_list("on")
        days = totals.annotate(counted=Max("counted_at"), sets=SETS).order_by()
        return [(on, *row, counted) for on, counted, rows in days for row in orjson.loads(rows)]
    kept = PostureDay.objects.visible_to(user).filter(where, on__range=between, suppressed=False)
    return (
        kept.filter(status__in=ASSESSED)
        .values_list("on", "solutions")
        .annotate(
            passed=Sum("n", filter=Q(status=Status.PASS), default=0),
            failed=Sum("n", filter=Q(status=Status.FAIL), default=0),
            assessed=Sum("n"),
            counted_at=Max("counted_at"),
        )
        .order_by()
    )

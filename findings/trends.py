"""What failed and passed day by day, from the counts that are kept at the end of each day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson
from django.db.models import Aggregate, Case, Func, JSONField, Max, Q, Sum, TextField, When
from django.db.models.functions import Cast

from audit.moment import Moment
from findings.models import PostureDay, PostureTotal, Status
from organisation.models import Visibility

ASSESSED = (Status.PASS, Status.FAIL, Status.UNKNOWN)
Series = list[int | None]
"""A value a day; None for a day without a count."""


@dataclass(frozen=True)
class DayCount:
    """assessed: findings with a result, as in findings.tallies.Tally."""

    passed: int
    failed: int
    assessed: int


@dataclass(frozen=True)
class Trends:
    """days: oldest first. Each series has one value a day. fails_by_solution: None for no solution.

    counted_at: day → when its counts were made.
    """

    days: Sequence[date]
    total: Mapping[date, DayCount] = field(default_factory=dict)
    fails_by_solution: Mapping[int | None, Mapping[date, int]] = field(default_factory=dict)
    counted_at: Mapping[date, datetime] = field(default_factory=dict)

    @property
    def fails(self) -> Series:
        return [self.total[day].failed if day in self.total else None for day in self.days]

    def fails_of(self, solution: int | None) -> Series:
        fails = self.fails_by_solution.get(solution, {})
        return [fails.get(day) for day in self.days]

    @property
    def is_empty(self) -> bool:
        return not self.total

    def moment_of(self, day: date) -> Moment:
        """What a day's counts are of: its end, or when they were made that day; as was known when they were made."""
        counted = self.counted_at[day]
        return Moment(min(counted, datetime.combine(day, time.max, tzinfo=UTC)), counted)


def trends(user: object, last: date, days: int, where: Q | None = None) -> Trends:
    """The `days` days up to `last`, which is left out where its count is still to come. One query.

    where: on `solutions`. Suppressed findings are in no count.
    """
    first = last - timedelta(days=days - 1)
    total: dict[date, DayCount] = {}
    by_solution: dict[int | None, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    counted_at: dict[date, datetime] = {}
    for on, counted, passed, failed, assessed, fails in _days(user, where or Q(), (first, last)):
        counted_at[on], total[on] = counted, DayCount(passed, failed, assessed)
        for solutions, n in orjson.loads(fails):
            for solution in solutions or [None]:
                by_solution[solution][on] += n
    span = [first + timedelta(days=n) for n in range(days)]
    return Trends(span if last in total else span[:-1], total, by_solution, counted_at)


def _days(user: object, where: Q, between: tuple[date, date]) -> Iterable[Any]:
    """(day, counted at, passed, failed, assessed, fails of each set of solutions), a row a day.

    The sets of a day come as one value: a row and a time for each takes four times as long.
    """
    if Visibility.of(user).everything:
        return _added_up(PostureTotal.objects.filter(where), between, "passed", "failed", "assessed")
    kept = PostureDay.objects.visible_to(user).filter(where, suppressed=False, status__in=ASSESSED)
    passed, failed = (Case(When(status=status, then="n"), default=0) for status in (Status.PASS, Status.FAIL))
    return _added_up(kept, between, passed, failed, "n")


def _added_up(kept: Any, between: tuple[date, date], passed: Any, failed: Any, assessed: Any) -> Iterable[Any]:
    pair = Func("solutions", failed, function="json_build_array", output_field=JSONField())
    fails = Cast(Aggregate(pair, function="json_agg", output_field=JSONField()), TextField())
    days = kept.filter(on__range=between).values_list("on").order_by()
    return days.annotate(Max("counted_at"), p=Sum(passed), f=Sum(failed), a=Sum(assessed), fails=fails)  # type: ignore[no-any-return]

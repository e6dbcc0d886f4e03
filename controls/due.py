"""When people have to test a manual control again: by the freshness of what was last said of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from controls.models import Control, Verdict
from organisation.models import Solution

SOON = timedelta(days=14)


@dataclass(frozen=True)
class Due:
    """The next test of a control. solution: of which it is due; None for the organisation as a whole.

    last: what stands there until then; None where nobody said anything yet. others: how many more solutions are
    overdue at the moment asked about.
    """

    at: datetime
    asked_at: datetime
    solution: Solution | None = None
    last: Verdict | None = None
    others: int = 0

    @property
    def is_overdue(self) -> bool:
        return self.at <= self.asked_at

    @property
    def is_soon(self) -> bool:
        return not self.is_overdue and self.at <= self.asked_at + SOON


def dues(controls: Collection[Control], at: datetime) -> dict[int, Due]:
    """By the key of each manual control among these; an automated one needs no test. Two queries, or none.

    A control that is asked of every solution is due where it is due first. What was never tested is due one
    frequency after both the control and the solution were there.
    """
    manual = [one for one in controls if one.is_manual and not one.is_retired(at)]
    if not manual:
        return {}
    said = _latest(Verdict.objects.said(at).showing().filter(control__in=manual))
    solutions = list(Solution.objects.added_by(at).in_use(at).order_by("name"))
    return {one.pk: _first(one, _places(one, solutions), said[one.pk], at) for one in manual}


Said = dict[int | None, Verdict]
"""The latest verdict by the key of its solution; None: of the organisation."""


def _latest(verdicts: Iterable[Verdict]) -> dict[int, Said]:
    found: dict[int, Said] = defaultdict(dict)
    for one in sorted(verdicts, key=_order):
        found[one.control_id][one.solution_id] = one
    return found


def _order(verdict: Verdict) -> tuple[datetime, datetime, int]:
    return verdict.period_to, verdict.said_at, verdict.pk


def _places(control: Control, solutions: list[Solution]) -> list[Solution | None]:
    if control.solution:
        return [control.solution]
    return [*solutions] or [None]


def _first(control: Control, places: list[Solution | None], said: Said, at: datetime) -> Due:
    found = []
    for place in places:
        of_it = [one for key in {None, place.pk if place else None} if (one := said.get(key))]
        last = max(of_it, key=_order, default=None)
        since = max(control.added_at, place.added_at) if place else control.added_at
        found.append((last.fresh_until if last else since + control.lasts, place, last))
    until, place, last = min(found, key=lambda one: one[0])
    others = sum(one[0] <= at for one in found) - 1
    everywhere = control.solution is None and (last is None or last.solution_id is None) and others == len(found) - 1
    return Due(until, at, None if everywhere else place, last, 0 if everywhere else max(others, 0))

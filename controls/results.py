"""What the checks that were observed say: one row of counts for each, of a reader's findings or of a solution's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from django.db.models import Count, Q, Sum, Value

from audit.moment import Moment
from audit.public_id import get_or_404
from findings.acceptances import accepted_fails
from findings.models import FindingSpan, Status
from findings.models.queries import OwnedQuerySet, SpanQuerySet
from findings.tallies import postures
from organisation.models import Solution

NO_SOLUTION: Final = "none"
Within = Solution | Literal["none"] | None
"""Whose findings answer: a solution's, those of no solution ("none"), or all that the reader sees (None)."""


def within(public_id: str, user: object, at: datetime) -> Within:
    """What an address asks about by its `solution`. Raises Http404 where that is not the reader's to see."""
    if not public_id:
        return None
    if public_id == NO_SOLUTION:
        return NO_SOLUTION
    return get_or_404(Solution.objects.added_by(at).visible_to(user), public_id)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings of a check say what. A fail that is suppressed or accepted is a fail.

    suppressed: how many of the fails are suppressed in AWS; accepted: how many stand under an exception. One may
    be both.
    """

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    not_applicable: int = 0
    suppressed: int = 0
    accepted: int = 0

    @property
    def assessed(self) -> int:
        return self.passed + self.failed + self.unknown


NOTHING = Counts()
PLACES: dict[str, int] = {
    Status.PASS.value: 0, Status.FAIL.value: 1, Status.UNKNOWN.value: 2, Status.NOT_APPLICABLE.value: 3,
}  # fmt: skip
"""Of each status in Counts. A report of a threat is no answer of a check."""

ACCEPTED = "accepted"
"""Beside the statuses, in rows of counts: fails that stand under an exception, which are among the fails too."""

Results = dict[int, Counts]
"""By the key of a check that was observed."""


def results(user: object, moment: Moment, within: Within = None) -> Results:
    """What each check says of what the reader sees of these findings. One query (of a past moment: with its count)."""
    found, fails = postures(moment).visible_to(user), accepted_fails(moment).visible_to(user)
    if within is not None:
        solution = None if within == "none" else within.pk
        found, fails = found.of_solution(solution), fails.of_solution(solution)
    return counted(_rows(found, fails))


def results_of_solutions(moment: Moment, solutions: Collection[int]) -> dict[int, Results]:
    """What each check says of each of these solutions, whoever asks. One query; the caller answers for who may know.

    A finding that two of them share is in the results of both.
    """
    rows: dict[int, list[tuple[int, str, bool, int]]] = defaultdict(list)
    wanted = set(solutions)
    theirs = Q(solutions__overlap=sorted(wanted))
    found, fails = postures(moment).filter(theirs), accepted_fails(moment).filter(theirs)
    for owners, check, status, suppressed, n in _rows(found, fails, "solutions"):
        for owner in wanted.intersection(owners):
            rows[owner].append((check, status, suppressed, n))
    return {solution: counted(rows[solution]) for solution in wanted}


def _rows(found: OwnedQuerySet[Any], fails: SpanQuerySet[FindingSpan], *by: str) -> Any:
    """Of postures, and of the few spans that fail under an exception, which postures don't tell apart."""
    answered = found.filter(status__in=PLACES)
    counts = answered.values_list(*by, "check_ran", "status", "suppressed").annotate(total=Sum("n")).order_by()
    told = fails.annotate(told=Value(ACCEPTED), no=Value(False))
    among = told.values_list(*by, "check_ran", "told", "no").annotate(total=Count("pk")).order_by()
    return counts.union(among, all=True)


def counted(rows: Iterable[tuple[int, str, bool, int]]) -> Results:
    """By check. rows: check, status, suppressed, n."""
    held: dict[int, list[int]] = {}
    for check, status, suppressed, n in rows:
        if status not in PLACES and status != ACCEPTED:
            continue
        counts = held.setdefault(check, [0, 0, 0, 0, 0, 0])
        if status == ACCEPTED:
            counts[5] += n
            continue
        counts[PLACES[status]] += n
        if suppressed and status == Status.FAIL:
            counts[4] += n
    return {check: Counts(*counts) for check, counts in held.items()}

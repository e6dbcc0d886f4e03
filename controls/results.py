"""What the checks that were observed say: one row of counts for each, of a reader's findings or of a solution's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from django.db.models import Sum

from audit.moment import Moment
from audit.public_id import get_or_404
from findings.models import Status
from findings.models.queries import OwnedQuerySet
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
    """How many findings of a check say what. Suppression changes nothing of it: a suppressed fail is a fail.

    suppressed: how many of the fails are suppressed in AWS.
    """

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    not_applicable: int = 0
    suppressed: int = 0

    @property
    def assessed(self) -> int:
        return self.passed + self.failed + self.unknown


NOTHING = Counts()
PLACES: dict[str, int] = {
    Status.PASS.value: 0, Status.FAIL.value: 1, Status.UNKNOWN.value: 2, Status.NOT_APPLICABLE.value: 3,
}  # fmt: skip
"""Of each status in Counts. A report of a threat is no answer of a check."""

Results = dict[int, Counts]
"""By the key of a check that was observed."""


def results(user: object, moment: Moment, within: Within = None) -> Results:
    """What each check says of what the reader sees of these findings. One query (of a past moment: with its count)."""
    found = postures(moment).visible_to(user)
    if within is not None:
        found = found.of_solution(None if within == "none" else within.pk)
    return counted(_rows(found))


def results_of_solutions(moment: Moment, solutions: Collection[int]) -> dict[int, Results]:
    """What each check says of each of these solutions, whoever asks. One query; the caller answers for who may know.

    A finding that two of them share is in the results of both.
    """
    rows: dict[int, list[tuple[int, str, bool, int]]] = defaultdict(list)
    wanted = set(solutions)
    found = postures(moment).filter(solutions__overlap=sorted(wanted))
    for owners, check, status, suppressed, n in _rows(found, "solutions"):
        for owner in wanted.intersection(owners):
            rows[owner].append((check, status, suppressed, n))
    return {solution: counted(rows[solution]) for solution in wanted}


def _rows(found: OwnedQuerySet[Any], *by: str) -> Any:
    answered = found.filter(status__in=PLACES)
    return answered.values_list(*by, "check_ran", "status", "suppressed").annotate(total=Sum("n")).order_by()


def counted(rows: Iterable[tuple[int, str, bool, int]]) -> Results:
    """By check. rows: check, status, suppressed, n."""
    held: dict[int, list[int]] = {}
    for check, status, suppressed, n in rows:
        if status not in PLACES:
            continue
        counts = held.setdefault(check, [0, 0, 0, 0, 0])
        counts[PLACES[status]] += n
        if suppressed and status == Status.FAIL:
            counts[4] += n
    return {check: Counts(*counts) for check, counts in held.items()}

"""A past moment as it was known then, beside what is known of it today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count

from audit.moment import Moment
from controls.results import Results, Within, counted
from controls.standing import Standing, Workings
from findings.models import FindingSpan, Workflow
from organisation.models import Solution


@dataclass(frozen=True)
class Restatement:
    """then: where it stood as it was known at the moment itself. now: as it is known today."""

    then: Standing
    now: Standing


def restated(workings: Workings, requirement: int, user: object, moment: Moment) -> Restatement | None:
    """Where what was learnt since makes another figure of a past moment; None where it does not. Two queries at most.

    What people decide is never dated back: mappings, statements and tests of then are known as they were.
    """
    if moment.is_now or moment.known_at <= moment.at:
        return None
    now = workings.requirement(requirement)
    checks = {check for part in now.parts for check in part.checks}
    known_then = Moment(moment.at, known_at=moment.at)
    at_first = replace(
        workings,
        results=_results(user, known_then, checks, workings.within),
        elsewhere=_results_elsewhere(known_then, checks, workings.elsewhere),
        _controls={},
        _said={},
    )
    then = at_first.requirement(requirement)
    return Restatement(then, now) if (then.monitoring, then.counts) != (now.monitoring, now.counts) else None


def _spans(moment: Moment, checks: Collection[int]) -> Any:
    return FindingSpan.objects.at(moment).counted().filter(check_ran__in=checks)


def _results(user: object, moment: Moment, checks: Collection[int], within: Within) -> Results:
    spans = _spans(moment, checks).visible_to(user)
    if within is not None:
        spans = spans.of_solution(within.pk if isinstance(within, Solution) else None)
    return counted(
        (check, status, workflow == Workflow.SUPPRESSED, n)
        for check, status, workflow, n in _grouped(spans, "check_ran", "status", "workflow")
    )


def _results_elsewhere(moment: Moment, checks: Collection[int], solutions: Collection[int]) -> dict[int, Results]:
    if not solutions:
        return {}
    rows: dict[int, list[tuple[int, str, bool, int]]] = defaultdict(list)
    spans = _spans(moment, checks).filter(solutions__overlap=sorted(solutions))
    for owners, check, status, workflow, n in _grouped(spans, "solutions", "check_ran", "status", "workflow"):
        for owner in set(owners).intersection(solutions):
            rows[owner].append((check, status, workflow == Workflow.SUPPRESSED, n))
    return {solution: counted(rows[solution]) for solution in solutions}


def _grouped(spans: Any, *by: str) -> Any:
    return spans.values_list(*by).annotate(n=Count("pk")).order_by()

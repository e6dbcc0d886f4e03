"""Keeps the spans of where requirements and controls stood: after a sync, a decision, a statement or a verdict.

Everything is worked out anew in a handful of queries, whatever changed, so that a bulk load costs what one
reading costs. It is done when the edition of the data has moved, and at most a twentieth of the time.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count

from audit import clock, edition
from audit.moment import Moment
from controls.mapped import Mapped, mapped_of_controls, mapped_of_versions
from controls.models import Control, ControlSpan, Edition, FrameworkVersion, RequirementSpan, RollUp
from controls.standing import Monitoring, Workings
from organisation.models import Solution, Visibility

EVERYTHING = Visibility(everything=True)
REST = 20
"""Times as long as the last one took, until the next."""
LASTS = timedelta(hours=1)
"""After which a standing may have changed by itself: a test has grown stale, an inheritance has ended."""
KEPT = timedelta(days=7)
AT_ONCE = 5_000

Key = tuple[int, int | None]
"""A requirement or control, and a solution or None for the whole estate."""


def due(at: datetime) -> bool:
    """Whether there is anything to work out, and enough time has gone by since it was last done. Two queries."""
    last = RollUp.objects.order_by("pk").last()
    if last is None or last.at > at:
        return True
    since = at - last.at
    if since < timedelta(seconds=last.took * REST):
        return False
    return since >= LASTS or last.edition != edition.current()


@transaction.atomic
def roll_up() -> int:
    """Bring the spans to where requirements stand now. How many began or ended."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('controls_rollup'))")
    began = time.monotonic()
    known, at = edition.current(), clock.now()
    moment = Moment.now()
    solutions = list(Solution.objects.added_by(at).in_use(at))
    changed = _follow(RequirementSpan, "requirement", _of_requirements(moment, solutions), at)
    changed += _follow(ControlSpan, "control", _of_controls(moment, solutions), at)
    RollUp.objects.filter(at__lt=at - KEPT).delete()
    RollUp.objects.create(edition=known, at=at, took=time.monotonic() - began, changed=changed)
    return changed


def counts_by_solution(
    moment: Moment, versions: Collection[FrameworkVersion], solutions: Collection[Solution]
) -> dict[tuple[int, int], Counter[str]] | None:
    """(solution, version) → how many of its requirements stand how there, as the last roll-up has them.

    None where it may be out of date: the data has moved since, or time alone has. Four queries.
    """
    last = RollUp.objects.order_by("pk").last() if moment.is_now else None
    if last is None or last.edition != edition.current() or moment.at - last.at >= LASTS:
        return None
    asked = Edition.objects.filter(version__in=versions).asked().order_by()
    wanted = dict(asked.values_list("version").annotate(n=Count("pk")))
    spans = RequirementSpan.objects.open().filter(solution__in=solutions, requirement__editions__in=asked)
    told = spans.order_by().values_list("solution", "requirement__editions__version", "monitoring")
    found = {(one.pk, version.pk): Counter[str]() for one in solutions for version in versions}
    for solution, version, monitoring, n in told.annotate(n=Count("pk")):
        found[solution, version][monitoring] += n
    for (_solution, version), counts in found.items():
        counts[Monitoring.NOT_MAPPED.value] = wanted.get(version, 0) - counts.total()
    return found


def _of_requirements(moment: Moment, solutions: list[Solution]) -> dict[Key, str]:
    """Of everything that is shown or stated not to apply, in the whole estate and in each solution in use."""
    mapped = mapped_of_versions(list(FrameworkVersion.objects.current(moment.at)), moment.at)
    current = Edition.objects.current(moment.at).values_list("requirement", flat=True)
    asked = mapped.asked.intersection(current)
    return {
        (requirement, solution): standing.monitoring.value
        for solution, its in _workings(mapped, moment, solutions).items()
        for requirement in asked
        if (standing := its.requirement(requirement)).monitoring is not Monitoring.NOT_MAPPED
    }


def _of_controls(moment: Moment, solutions: list[Solution]) -> dict[Key, str]:
    """The same of every control in use, where it concerns the solution."""
    keys = list(Control.objects.in_use(moment.at).values_list("pk", flat=True))
    return {
        (control, solution): standing.monitoring.value
        for solution, its in _workings(mapped_of_controls(keys, moment.at), moment, solutions).items()
        for control in keys
        if (standing := its.control(control)) and standing.monitoring is not Monitoring.NOT_MAPPED
    }


def _workings(mapped: Mapped, moment: Moment, solutions: list[Solution]) -> dict[int | None, Workings]:
    found: dict[int | None, Workings] = {None: Workings.of(mapped, EVERYTHING, moment, None)}
    found.update(Workings.of_each(mapped, EVERYTHING, moment, solutions).items())
    return found


def _follow(kept: type[RequirementSpan] | type[ControlSpan], name: str, stand: dict[Key, str], at: datetime) -> int:
    """name: of the field that says what a span is about."""
    spans: Any = kept.objects
    rows = spans.open().values_list("pk", name, "solution", "monitoring", "valid_from")
    ended, again, held = [], [], set()
    for pk, subject, solution, was, begun in rows:
        key = (subject, solution)
        if stand.get(key) == was:
            held.add(key)
        elif begun >= at and key in stand:
            again.append(kept(pk=pk, monitoring=stand[key]))
            held.add(key)
        elif begun < at:
            ended.append(pk)
        else:
            held.add(key)
    spans.filter(pk__in=ended).update(valid_to=at, end_recorded_at=at)
    spans.bulk_update(again, ["monitoring"])
    new = [
        kept(**{f"{name}_id": key[0]}, solution_id=key[1], monitoring=is_, valid_from=at, recorded_at=at)
        for key, is_ in stand.items()
        if key not in held
    ]
    spans.bulk_create(new, batch_size=AT_ONCE)
    return len(ended) + len(new)

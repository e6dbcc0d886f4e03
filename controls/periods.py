"""How checks did over a period: the longest failure, and how long nobody looked. Computed in SQL from the spans.

Times are unions of periods (multiranges), so that what overlaps counts once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from controls.results import Within
from findings.coverage_figures import scopes_visible_to
from findings.models import Check, Finding, FindingSpan, Scope, Status
from organisation.models import Solution, SolutionAccount

ZERO = timedelta()
DAYS = 90
"""Of a period where none is asked for."""


@dataclass(frozen=True)
class Period:
    """What was seen of some checks from `begin` until `end`.

    failing: how long at least one finding failed. longest: the longest that any one finding failed without a break, and
    which; suppressed fails are fails. places: accounts, Regions and sources where the checks are read. unobserved: how
    long at least one of them could not be spoken for; blind: how long none could. share: of all hours of all places
    those unobserved, in per cent; None where there is no place.
    """

    begin: datetime
    end: datetime
    failing: timedelta = ZERO
    longest: timedelta = ZERO
    longest_from: datetime | None = None
    longest_of: Finding | None = None
    places: int = 0
    unobserved: timedelta = ZERO
    blind: timedelta = ZERO
    share: float | None = None

    @property
    def length(self) -> timedelta:
        return self.end - self.begin

    @property
    def unobserved_hours(self) -> float:
        return round(self.unobserved / timedelta(hours=1), 1)

    @property
    def blind_hours(self) -> float:
        return round(self.blind / timedelta(hours=1), 1)


FAILURES = """
WITH span AS ({spans}),
failed AS (
    SELECT finding_id, range_agg(tstzrange(valid_from, valid_to) * tstzrange(%s, %s)) AS held
    FROM span GROUP BY finding_id
),
stretch AS (SELECT finding_id, unnest(held) AS held FROM failed),
longest AS (
    SELECT finding_id, lower(held) AS since, upper(held) - lower(held) AS lasted
    FROM stretch ORDER BY lasted DESC, since, finding_id LIMIT 1
)
SELECT (SELECT sum(upper(one) - lower(one)) FROM (SELECT unnest(range_agg(held)) AS one FROM stretch) every),
       (SELECT finding_id FROM longest), (SELECT since FROM longest), (SELECT lasted FROM longest)
"""
UNOBSERVED = """
WITH place AS (SELECT unnest(%s::bigint[]) AS id),
seen AS (
    SELECT place.id, coalesce(range_agg(tstzrange(valid_from, valid_to) * tstzrange(%s, %s))
                              FILTER (WHERE span.scope_id IS NOT NULL), '{}'::tstzmultirange) AS held
    FROM place LEFT JOIN findings_coveragespan span
      ON span.scope_id = place.id AND span.state = 'fresh' AND span.superseded_at IS NULL
     AND span.valid_from < %s AND (span.valid_to IS NULL OR span.valid_to > %s)
    GROUP BY place.id
),
gap AS (SELECT id, tstzmultirange(tstzrange(%s, %s)) - held AS held FROM seen)
SELECT (SELECT sum(upper(one) - lower(one)) FROM (SELECT unnest(range_agg(held)) AS one FROM gap) every),
       (SELECT sum(upper(one) - lower(one)) FROM (SELECT unnest(range_intersect_agg(held)) AS one FROM gap) every),
       (SELECT sum(upper(one) - lower(one)) FROM (SELECT unnest(held) AS one FROM gap) every)
"""


def period_figures(
    user: object, checks: Collection[Check], begin: datetime, end: datetime, solution: Within = None
) -> Period:
    """Of these checks, of the reader's findings or a solution's, as it is known today. Five queries at most.

    end: not later than now.
    """
    keys = [check.pk for check in checks]
    places = list(_places(user, checks, end, solution).values_list("pk", flat=True))
    told: dict[str, Any] = _failures(user, keys, begin, end, solution) if keys else {}
    if places:
        told |= _unobserved(places, begin, end)
    return Period(begin, end, places=len(places), **told)


def unobserved_hours(checks: Collection[int], solutions: Collection[int], begin: datetime, end: datetime) -> float:
    """How long, of a period, one at least of the places of these solutions (keys) could not be spoken for."""
    sources = Check.objects.filter(pk__in=checks).values("source")
    lived = SolutionAccount.objects.in_force(end).filter(solution__in=solutions)
    places = Scope.objects.filter(source__in=sources, account__in=lived.values("account__account_id"))
    keys = list(places.filter(Q(retired_at=None) | Q(retired_at__gt=begin)).values_list("pk", flat=True))
    if not keys:
        return round((end - begin) / timedelta(hours=1), 1)
    lasted: timedelta = _unobserved(keys, begin, end)["unobserved"]
    return round(lasted / timedelta(hours=1), 1)


def _failures(user: object, keys: list[int], begin: datetime, end: datetime, solution: Within) -> dict[str, Any]:
    spans = FindingSpan.objects.filter(check_ran__in=keys, superseded_at=None, status=Status.FAIL).counted()
    spans = spans.filter(Q(valid_to=None) | Q(valid_to__gt=begin), valid_from__lt=end).visible_to(user)
    if solution is not None:
        spans = spans.of_solution(None if solution == "none" else solution.pk)
    rows, parameters = spans.order_by().values("finding_id", "valid_from", "valid_to").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(FAILURES.replace("{spans}", rows), [*parameters, begin, end])
        failing, finding, since, lasted = cursor.fetchone()
    of = Finding.objects.select_related("resource", "check_ran").get(pk=finding) if finding else None
    return {"failing": failing or ZERO, "longest": lasted or ZERO, "longest_from": since, "longest_of": of}


def _places(user: object, checks: Collection[Check], end: datetime, solution: Within) -> Any:
    """Where the checks are read: of a solution, in the accounts where it lives."""
    scopes = scopes_visible_to(user, end).filter(source__in={check.source for check in checks})
    if isinstance(solution, Solution):
        lived = SolutionAccount.objects.in_force(end).filter(solution=solution)
        return scopes.filter(account__in=lived.values("account__account_id"))
    return scopes


def _unobserved(places: list[int], begin: datetime, end: datetime) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(UNOBSERVED, [places, begin, end, end, begin, begin, end])
        some, none, hours = (one or ZERO for one in cursor.fetchone())
    every = (end - begin) * len(places)
    return {"unobserved": some, "blind": none, "share": hours / every * 100 if every else None}

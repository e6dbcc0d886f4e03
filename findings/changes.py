"""What got worse and what got better between two moments, as we know both of them today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Case, Q, Value, When

from audit.moment import Moment
from findings.models import FindingSpan, Status, Workflow
from findings.models.queries import SpanQuerySet

Spans = SpanQuerySet[FindingSpan]


@dataclass
class Change:
    """worse: began to fail. better: failed and passes. gone: failed and is no longer there."""

    worse: int = 0
    better: int = 0
    gone: int = 0

    def add(self, worse: int, better: int, gone: int) -> None:
        self.worse += worse
        self.better += better
        self.gone += gone


@dataclass(frozen=True)
class Changes:
    """by_solution: None for what belongs to no solution. A shared finding counts in each, once in total."""

    since: datetime
    total: Change = field(default_factory=Change)
    by_solution: Mapping[int | None, Change] = field(default_factory=dict)


def worse(user: object, moment: Moment, since: datetime, where: Q | None = None) -> Spans:
    """What fails at `moment` and did not at `since`: the spans that held at `moment`."""
    begun = _failing(moment).filter(where or Q(), valid_from__gt=since)
    return begun.visible_to(user).exclude(finding__in=_ended(moment, since).values("finding"))


def better(user: object, moment: Moment, since: datetime, where: Q | None = None) -> Spans:
    """What failed at `since` and passes at `moment`: the spans that held at `since`."""
    return _no_more(user, moment, since, where).filter(_passes(moment, since))


def gone(user: object, moment: Moment, since: datetime, where: Q | None = None) -> Spans:
    """What failed at `since` and is archived or no longer listed at `moment`: the spans at `since`."""
    return _no_more(user, moment, since, where).exclude(_is_there(moment, since))


WAYS = {"worse": worse, "better": better, "gone": gone}


def changes(user: object, moment: Moment, since: datetime, where: Q | None = None) -> Changes:
    """How many, over all and by solution. One query beside those for the reader's rights."""
    total = Change()
    by_solution: dict[int | None, Change] = defaultdict(Change)
    for solutions, *counts in _compared(FindingSpan.objects.seen_by(user) & (where or Q()), moment, since):
        for change in [total, *(by_solution[solution] for solution in solutions or [None])]:
            change.add(*counts)
    return Changes(since, total, dict(by_solution))


COMPARED = """
SELECT CASE WHEN ended.finding IS NULL THEN begun.solutions ELSE ended.solutions END,
       count(*) FILTER (
           WHERE ended.finding IS NULL AND begun.asked AND begun.status = 'fail' AND begun.workflow <> 'SUPPRESSED'
       ) AS worse,
       count(*) FILTER (
           WHERE ended.asked AND begun.status = 'pass' AND begun.workflow <> 'SUPPRESSED'
       ) AS better,
       count(*) FILTER (WHERE ended.asked AND begun.finding IS NULL) AS gone
FROM ({begun}) AS begun (finding, solutions, asked, status, workflow)
FULL JOIN ({ended}) AS ended (finding, solutions, asked) ON begun.finding = ended.finding
GROUP BY 1
"""
"""What held at the moment and has begun since, beside what failed before and has ended since: a finding's one of each,
each looked through once."""


def _compared(asked: Q, moment: Moment, since: datetime) -> list[tuple[Any, ...]]:
    """(solutions, worse, better, gone). asked: what of them counts."""
    told = Case(When(asked, then=True), default=False) if asked else Value(True)
    begun = _begun(moment, since).annotate(asked=told)
    ended = _ended(moment, since).annotate(asked=told)
    begun_sql, begun_with = _sql(begun.values_list("finding", "solutions", "asked", "status", "workflow"))
    ended_sql, ended_with = _sql(ended.values_list("finding", "solutions", "asked"))
    with connection.cursor() as cursor:
        cursor.execute(COMPARED.format(begun=begun_sql, ended=ended_sql), [*begun_with, *ended_with])
        return list(cursor.fetchall())


def _sql(rows: Any) -> tuple[str, Sequence[Any]]:
    sql, parameters = rows.query.get_compiler(connection=connection, elide_empty=False).as_sql()
    return sql, parameters


def _passes(moment: Moment, since: datetime) -> Q:
    return Q(finding__in=_begun(moment, since).filter(status=Status.PASS).values("finding"))


def _is_there(moment: Moment, since: datetime) -> Q:
    return Q(finding__in=_begun(moment, since).values("finding"))


def _begun(moment: Moment, since: datetime) -> Spans:
    """What came after spans that ended between the two: a finding's spans follow each other.

    So few begin in a period that all of them are looked through, and no finding is looked up by itself.
    """
    return _counted(moment).filter(valid_from__gt=since)


def _before(moment: Moment, since: datetime) -> Moment:
    return Moment(at=since, known_at=moment.known_at)


def _counted(moment: Moment) -> Spans:
    spans: Spans = FindingSpan.objects.at(moment).counted()
    return spans


def _failing(moment: Moment) -> Spans:
    return _counted(moment).failing()


def _ended(moment: Moment, since: datetime) -> Spans:
    """What failed at `since`, in spans that ended between the two.

    That the end is known goes without saying of now: it is not asked for then, since all ends there ever were are.
    """
    ended = _failing(_before(moment, since)).filter(valid_to__gt=since, valid_to__lte=moment.at)
    return ended if moment.is_now else ended.filter(end_recorded_at__lte=moment.known_at)


def _no_more(user: object, moment: Moment, since: datetime, where: Q | None) -> Spans:
    """Of those, what is neither suppressed nor failing at `moment`."""
    still = _begun(moment, since).filter(Q(status=Status.FAIL) | Q(workflow=Workflow.SUPPRESSED))
    return _ended(moment, since).filter(where or Q()).visible_to(user).exclude(finding__in=still.values("finding"))

"""What got worse and what got better between two moments, as we know both of them today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q

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


@dataclass(frozen=True)
class Changes:
    """by_solution: None for what belongs to no solution. A shared finding counts in each, once in total."""

    since: datetime
    total: Change = field(default_factory=Change)
    by_solution: Mapping[int | None, Change] = field(default_factory=dict)


def worse(user: object, moment: Moment, since: datetime, where: Q | None = None) -> Spans:
    """What fails at `moment` and did not at `since`: the spans that held at `moment`."""
    failing_then = _failing(_before(moment, since)).filter(finding=OuterRef("finding"))
    begun = _failing(moment).filter(where or Q(), valid_from__gt=since)
    return begun.visible_to(user).filter(~Exists(failing_then))


def better(user: object, moment: Moment, since: datetime, where: Q | None = None) -> Spans:
    """What failed at `since` and passes at `moment`: the spans that held at `since`."""
    passing = _counted(moment).filter(finding=OuterRef("finding"), status=Status.PASS)
    return _ended(user, moment, since, where).filter(Exists(passing))


def gone(user: object, moment: Moment, since: datetime, where: Q | None = None) -> Spans:
    """What failed at `since` and is archived or no longer listed at `moment`: the spans at `since`."""
    still = _counted(moment).filter(finding=OuterRef("finding"))
    return _ended(user, moment, since, where).filter(~Exists(still))


WAYS = {"worse": worse, "better": better, "gone": gone}


def changes(user: object, moment: Moment, since: datetime, where: Q | None = None) -> Changes:
    """How many, over all and by solution. Two queries beside those for the reader's rights."""
    total = Change()
    by_solution: dict[int | None, Change] = defaultdict(Change)
    now = _counted(moment).filter(finding=OuterRef("finding"))
    begun = worse(user, moment, since, where).values("solutions").annotate(worse=Count("pk"))
    ended = _ended(user, moment, since, where).values("solutions").annotate(**_ways_out(now))
    found: Iterable[dict[str, Any]] = chain(begun.order_by(), ended.order_by())  # type: ignore[arg-type]
    for row in found:
        for change in [total, *(by_solution[solution] for solution in row["solutions"] or [None])]:
            for way in WAYS.keys() & row.keys():
                setattr(change, way, getattr(change, way) + row[way])
    return Changes(since, total, dict(by_solution))


def _ways_out(now: Spans) -> dict[str, Count]:
    """Counts of what failed, by what is there `now`."""
    return {
        "better": Count("pk", filter=Exists(now.filter(status=Status.PASS))),
        "gone": Count("pk", filter=~Exists(now)),
    }


def _before(moment: Moment, since: datetime) -> Moment:
    return Moment(at=since, known_at=moment.known_at)


def _counted(moment: Moment) -> Spans:
    spans: Spans = FindingSpan.objects.at(moment).counted()
    return spans


def _failing(moment: Moment) -> Spans:
    return _counted(moment).failing()


def _ended(user: object, moment: Moment, since: datetime, where: Q | None) -> Spans:
    """What failed at `since`, neither suppressed nor failing at `moment`, in spans that ended between the two."""
    spans = _failing(_before(moment, since)).filter(where or Q(), valid_to__gt=since, valid_to__lte=moment.at)
    still = (
        _counted(moment)
        .filter(finding=OuterRef("finding"))
        .filter(Q(status=Status.FAIL) | Q(workflow=Workflow.SUPPRESSED))
    )
    return spans.visible_to(user).filter(~Exists(still))

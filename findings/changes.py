"""What got worse and what got better between two moments, as we know both of them today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from django.db.models import Count, Q

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
    failed_then = _failing(_before(moment, since)).filter(valid_to__gt=since, valid_to__lte=moment.at)
    begun = _failing(moment).filter(where or Q(), valid_from__gt=since)
    return begun.visible_to(user).exclude(finding__in=failed_then.values("finding"))


def better(user: object, moment: Moment, since: datetime, where: Q | None = None) -> Spans:
    """What failed at `since` and passes at `moment`: the spans that held at `since`."""
    return _ended(user, moment, since, where).filter(_passes(moment, since))


def gone(user: object, moment: Moment, since: datetime, where: Q | None = None) -> Spans:
    """What failed at `since` and is archived or no longer listed at `moment`: the spans at `since`."""
    return _ended(user, moment, since, where).exclude(_is_there(moment, since))


WAYS = {"worse": worse, "better": better, "gone": gone}


def changes(user: object, moment: Moment, since: datetime, where: Q | None = None) -> Changes:
    """How many, over all and by solution. Two queries beside those for the reader's rights."""
    total = Change()
    by_solution: dict[int | None, Change] = defaultdict(Change)
    begun = worse(user, moment, since, where).values("solutions").annotate(worse=Count("pk"))
    ended = _ended(user, moment, since, where).values("solutions").annotate(**_ways_out(moment, since))
    found: Iterable[dict[str, Any]] = chain(begun.order_by(), ended.order_by())  # type: ignore[arg-type]
    for row in found:
        for change in [total, *(by_solution[solution] for solution in row["solutions"] or [None])]:
            for way in WAYS.keys() & row.keys():
                setattr(change, way, getattr(change, way) + row[way])
    return Changes(since, total, dict(by_solution))


def _ways_out(moment: Moment, since: datetime) -> dict[str, Count]:
    """Counts of what failed, by what is there now."""
    return {
        "better": Count("pk", filter=_passes(moment, since)),
        "gone": Count("pk", filter=~_is_there(moment, since)),
    }


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


def _ended(user: object, moment: Moment, since: datetime, where: Q | None) -> Spans:
    """What failed at `since`, neither suppressed nor failing at `moment`, in spans that ended between the two."""
    spans = _failing(_before(moment, since)).filter(
        where or Q(), valid_to__gt=since, valid_to__lte=moment.at, end_recorded_at__lte=moment.known_at
    )
    still = _begun(moment, since).filter(Q(status=Status.FAIL) | Q(workflow=Workflow.SUPPRESSED))
    return spans.visible_to(user).exclude(finding__in=still.values("finding"))

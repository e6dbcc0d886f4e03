"""Coverage by account and source at a moment: what stands beside the figures of a solution or a check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from audit.moment import Moment
from findings.coverage_figures import CoverageFigures, scopes_visible_to
from findings.models import CoverageSpan, CoverageState


@dataclass(frozen=True)
class Place:
    """Scopes of one account and source that were in one state. evaluated_at: the oldest among them."""

    account: str
    source: str
    state: str
    scopes: int
    evaluated_at: datetime | None


def places(user: object, moment: Moment, accounts: Collection[str] | None = None) -> list[Place]:
    """What `user` may know of the coverage at `moment`, of some accounts or of all. One query.

    evaluated_at is known for the present only.
    """
    spans = CoverageSpan.objects.filter(moment.holds(), scope__in=scopes_visible_to(user, moment.at))
    if accounts is not None:
        spans = spans.filter(scope__account__in=list(accounts))
    names = ("scope__account", "scope__source", "state")
    rows = spans.values_list(*names).annotate(n=Count("pk"), oldest=Min("scope__evaluated_at")).order_by(*names)
    return [
        Place(account, source, state, n, oldest if moment.is_now else None)
        for account, source, state, n, oldest in rows
    ]


def figures_of_places(found: Iterable[Place], url: str = "") -> CoverageFigures:
    counts: Counter[str] = Counter()
    evaluated: list[datetime] = []
    for place in found:
        counts[place.state] += place.scopes
        if place.evaluated_at and place.state == CoverageState.FRESH:
            evaluated.append(place.evaluated_at)
    return CoverageFigures(counts, min(evaluated, default=None), url)

"""Findings under exceptions: begun and ended for many at once, and asked for at any moment.

An acceptance changes no status and no score: a failing finding under one reads "fail, accepted". The exceptions
themselves live on a floor above, which calls these verbs in its own transaction and keeps the trail of its acts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Least
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.moment import Moment
from findings.models import (
    Acceptance,
    Check,
    Finding,
    FindingResource,
    FindingSpan,
    Resource,
    Status,
    accepted,
)
from findings.models.queries import SpanQuerySet
from organisation.models import Solution

AT_ONCE = 2_000
EXPIRED = _("Expired")
REPLACED = _("Its terms were changed")

Findings = QuerySet[Finding] | Iterable[Finding]


@transaction.atomic
def accept(findings: Findings, *, exception: str, kind: str, expires_at: datetime) -> int:
    """Put findings under an exception until its expiry. How many were not under it on these terms already.

    Terms that differ (another kind or expiry) end what stood before and begin anew. Raises ValueError where the
    expiry has passed.
    """
    at = clock.now()
    if expires_at <= at:
        raise ValueError("an acceptance must expire later than it begins")
    keys = keys_of(findings)
    standing = Acceptance.objects.open().filter(exception=exception, finding__in=keys).select_for_update()
    held = {row.finding_id: row for row in standing}
    same = {key for key, row in held.items() if (row.kind, row.expires_at) == (kind, expires_at)}
    others = [row.pk for key, row in held.items() if key not in same]
    _end(Acceptance.objects.open().filter(pk__in=others), str(REPLACED), at)
    new = [
        Acceptance(finding_id=key, exception=exception, kind=kind, valid_from=at, expires_at=expires_at)
        for key in keys
        if key not in same
    ]
    Acceptance.objects.bulk_create(new, batch_size=AT_ONCE)
    return len(new)


@transaction.atomic
def end(exception: str, findings: Findings | None = None, *, because: str) -> int:
    """End what stands under an exception, of these findings or of all. How many it were.

    What has expired ends when it expired, whoever notes it, and whatever the reason given now.
    """
    at = clock.now()
    standing = Acceptance.objects.open().filter(exception=exception)
    if findings is not None:
        standing = standing.filter(finding__in=keys_of(findings))
    return _end(standing, because, at)


def _end(standing: QuerySet[Acceptance], because: str, at: datetime) -> int:
    expired = standing.filter(expires_at__lte=at).update(valid_to=F("expires_at"), ended_because=EXPIRED)
    return expired + standing.update(valid_to=Least(at, F("expires_at")), ended_because=because[:500])


def keys_of(findings: Findings) -> list[int]:
    """Primary keys, each once."""
    if isinstance(findings, QuerySet):
        return list(findings.order_by().values_list("pk", flat=True).distinct())
    return list(dict.fromkeys(finding.pk for finding in findings))


def failing_in(
    solution: Solution | None,
    checks: Collection[Check],
    accounts: Collection[str] | None = None,
    regions: Collection[str] | None = None,
    resources: Collection[Resource] | None = None,
) -> QuerySet[Finding]:
    """Findings of a solution (None: of no solution) and these checks that fail now: the population of a rule.

    Suppressed ones fail too. Of two sources of one fact both are in it, since the checks are named. None: anywhere.
    """
    spans = FindingSpan.objects.at(Moment.now()).active().filter(status=Status.FAIL, check_ran__in=checks)
    spans = spans.of_solution(solution.pk if solution else None)
    if accounts is not None:
        spans = spans.filter(account__in=accounts)
    if regions is not None:
        spans = spans.filter(region__in=regions)
    if resources is not None:
        linked = FindingResource.objects.filter(resource__in=resources)
        spans = spans.filter(finding__in=linked.values("finding"))
    return Finding.objects.filter(pk__in=spans.values("finding"))


def accepted_fails(moment: Moment) -> SpanQuerySet[FindingSpan]:
    """Spans that count at a moment and fail under an exception: as many as the ledger has at most."""
    return FindingSpan.objects.at(moment).counted().filter(accepted(moment.at), status=Status.FAIL)


def how_many_accepted(spans: SpanQuerySet[FindingSpan], moment: Moment) -> int:
    """Of these spans, how many fail and are accepted at the moment. One query."""
    return spans.filter(accepted(moment.at), status=Status.FAIL).count()


@dataclass(frozen=True)
class Told:
    """An acceptance as a page tells it. url: of its exception's page; empty where none is known."""

    acceptance: Acceptance
    url: str
    is_in_force: bool


def acceptances_of(finding: Finding, moment: Moment) -> list[Told]:
    """Of a finding until a moment, those in force first, then the latest. One query."""
    rows = Acceptance.objects.begun(moment.at).filter(finding=finding).order_by("-valid_from", "-pk")
    told = [Told(row, address_of(row.exception), row.is_in_force(moment.at)) for row in rows]
    return sorted(told, key=lambda one: not one.is_in_force)


Resolver = Callable[[str], str]
_resolvers: list[Resolver] = []


def resolve_exceptions(resolver: Resolver) -> None:
    """For a floor above, when its app is ready: the address of an exception's page by its public id."""
    _resolvers[:] = [resolver]


def address_of(exception: str) -> str:
    """Empty where no floor has pages of exceptions."""
    return _resolvers[0](exception) if _resolvers else ""

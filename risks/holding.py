"""Whether the checks that a mitigation names pass everywhere in its solution, and since when. From finding spans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Min

from audit.moment import Moment
from findings.models import CoverageState, FindingSpan, Scope, Status
from findings.models.queries import SpanQuerySet
from risks.models import Treatment, TreatmentCheck

NOT_PASSING = (Status.FAIL, Status.UNKNOWN)
OBSERVED = (CoverageState.FRESH, CoverageState.RUNNING)


@dataclass(frozen=True)
class Held:
    """since: when all of them passed from on; None where one does not pass now.

    failed_at: when the latest fail began that goes on.
    """

    since: datetime | None
    failed_at: datetime | None

    def long_enough(self, treatment: Treatment, at: datetime) -> bool:
        return self.since is not None and self.since <= at - timedelta(days=treatment.hold_days)


def held(treatment: Treatment, at: datetime) -> Held | None:
    """None where it names no check."""
    named = list(treatment.checks.in_force(at))
    if not named:
        return None
    each = [_of_check(treatment.risk.solution_id, one, at) for one in named]
    failed = [one.failed_at for one in each if one.failed_at]
    since = [one.since for one in each if one.since]
    return Held(max(since) if len(since) == len(each) else None, max(failed) if failed else None)


def _of_check(solution: int, named: TreatmentCheck, at: datetime) -> Held:
    spans = FindingSpan.objects.active().filter(check_ran=named.check_ran_id).of_solution(solution)
    if named.account:
        spans = spans.filter(account=named.account)
    now = spans.at(Moment.now())
    failed: datetime | None = now.filter(status=Status.FAIL).aggregate(at=Max("status_since"))["at"]
    passing = now.filter(status=Status.PASS)
    if failed or now.filter(status__in=NOT_PASSING).exists() or not passing.exists() or _unobserved(now):
        return Held(None, failed)
    past = spans.filter(status__in=NOT_PASSING, valid_to__lte=at, superseded_at=None)
    ended: datetime | None = past.aggregate(at=Max("valid_to"))["at"]
    return Held(ended or passing.aggregate(at=Min("status_since"))["at"], None)


def _unobserved(now: SpanQuerySet[FindingSpan]) -> bool:
    """Whether a place where it has something is not observed at present."""
    places = now.values_list("account", "region", "finding__source", "finding__connection").distinct()
    keys = set(places)
    accounts = {key[0] for key in keys}
    scopes = Scope.objects.filter(account__in=accounts).exclude(state__in=OBSERVED)
    blind = set(scopes.values_list("account", "region", "source", "connection"))
    return bool(keys & blind)

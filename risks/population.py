"""What an exception covers: the findings that fail now, of its solution and checks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Max

from audit.moment import Moment
from findings.models import Check, Finding, FindingResource, FindingSpan, Resource, Status
from findings.models.queries import SpanQuerySet
from organisation.models import Solution
from risks.models import RiskException


@dataclass(frozen=True)
class Bounds:
    """accounts, regions: empty for all of the solution's. resources: None for a rule."""

    solution: Solution
    checks: Collection[Check]
    accounts: Collection[str] = ()
    regions: Collection[str] = ()
    resources: Collection[Resource] | None = None

    @classmethod
    def of(cls, exception: RiskException) -> Bounds:
        checks = list(exception.checks.all())
        resources = None if exception.by_rule else list(exception.resources.all())
        return cls(exception.solution, checks, exception.accounts, exception.regions, resources)


def failing_spans(bounds: Bounds, moment: Moment | None = None) -> SpanQuerySet[FindingSpan]:
    """The open spans of what fails, suppressed or not: an exception that suppresses them still covers them."""
    spans = FindingSpan.objects.at(moment or Moment.now()).active()
    spans = spans.filter(status=Status.FAIL, check_ran__in=bounds.checks).of_solution(bounds.solution.pk)
    if bounds.accounts:
        spans = spans.filter(account__in=bounds.accounts)
    if bounds.regions:
        spans = spans.filter(region__in=bounds.regions)
    if bounds.resources is not None:
        linked = FindingResource.objects.filter(resource__in=bounds.resources)
        spans = spans.filter(finding__in=linked.values("finding"))
    return spans


@dataclass(frozen=True)
class Population:
    """keys: of the failing findings. worst: the worst severity among them, None where nothing fails."""

    keys: frozenset[int]
    worst: int | None

    @classmethod
    def of(cls, bounds: Bounds) -> Population:
        found = failing_spans(bounds).values_list("finding_id", "severity")
        pairs = list(found)
        return cls(
            frozenset(key for key, _severity in pairs), max((severity for _key, severity in pairs), default=None)
        )

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def findings(self) -> list[Finding]:
        return list(Finding.objects.filter(pk__in=self.keys))


def population(exception: RiskException) -> Population:
    return Population.of(Bounds.of(exception))


def failing_resources(bounds: Bounds) -> list[Resource]:
    """The resources that fail, by name: those that an exception can list."""
    findings = failing_spans(bounds).values("finding")
    keys = FindingResource.objects.filter(finding__in=findings).values("resource")
    return list(Resource.objects.filter(pk__in=keys).order_by("name", "pk"))


def worst_severity(bounds: Bounds) -> int | None:
    worst: int | None = failing_spans(bounds).aggregate(worst=Max("severity"))["worst"]
    return worst

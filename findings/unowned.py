"""The queue of what nobody answers for: resources that belong to no solution."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils.translation import gettext as _

from audit.keyset import Page, page_of
from audit.moment import Moment
from findings.models import FindingSpan, Resource, Source
from organisation.models import Solution, SolutionAccount

PAGE = 50


@dataclass(frozen=True)
class Row:
    """fails: failing findings on it; worst: the highest severity among them; since: the oldest of them.

    rated: the highest severity that a check has of its own; Config's inherit theirs.
    """

    resource: Resource
    fails: int = 0
    worst: int = 0
    since: datetime | None = None
    rated: int | None = None

    @property
    def inherited(self) -> bool:
        """Whether its worst is as bad by what Config's checks inherit alone."""
        return self.worst > (self.rated or 0)


TOLD: dict[str, Any] = {
    "fails": Count("pk"),
    "worst": Max("severity"),
    "since": Min("status_since"),
    "rated": Max("severity", filter=~Q(check_ran__source=Source.CONFIG)),
}
"""What a row tells of the failing findings on its resource."""


@dataclass(frozen=True)
class Figures:
    """failing: resources with failing findings; fails: those findings; resources: all unowned ones."""

    failing: int
    fails: int
    resources: int


def _in_use(user: object) -> QuerySet[Resource]:
    return Resource.objects.visible_to(user).of_solution(None).filter(gone_at=None)


def _fails(user: object, moment: Moment) -> QuerySet[FindingSpan]:
    spans = FindingSpan.objects.at(moment).counted().failing().visible_to(user).of_solution(None)
    return spans.filter(finding__resource__isnull=False)


def figures(user: object, moment: Moment) -> Figures:
    counted = _fails(user, moment).aggregate(fails=Count("pk"), failing=Count("finding__resource", distinct=True))
    return Figures(counted["failing"], counted["fails"], _in_use(user).count())


def failing(user: object, moment: Moment, cursor: str = "") -> tuple[Page[Resource], list[Row]]:
    """Resources with failing findings: the worst severity first, then the most of them."""
    grouped: QuerySet[Any, Any] = _fails(user, moment).values("finding__resource")
    grouped = grouped.annotate(**TOLD)
    if cursor:
        worst, fails, last = _decoded(cursor)
        later = Q(fails__lt=fails) | Q(fails=fails, finding__resource__gt=last)
        grouped = grouped.filter(Q(worst__lt=worst) | (Q(worst=worst) & later))
    found = list(grouped.order_by("-worst", "-fails", "finding__resource")[: PAGE + 1])
    resources = Resource.objects.in_bulk([row["finding__resource"] for row in found[:PAGE]])
    rows = [Row(resources[row.pop("finding__resource")], **row) for row in found[:PAGE]]
    following = ""
    if len(found) > PAGE:
        following = f"{rows[-1].worst}-{rows[-1].fails}-{rows[-1].resource.pk}"
    return Page([row.resource for row in rows], following, is_first=not cursor), rows


def _decoded(cursor: str) -> tuple[int, int, int]:
    if not re.fullmatch(r"\d-\d{1,9}-\d{1,18}", cursor):
        raise BadRequest(_("The page you asked for does not exist; start again from the first."))
    worst, fails, last = map(int, cursor.split("-"))
    return worst, fails, last


def all_of(user: object, cursor: str = "") -> Page[Resource]:
    """Every resource that belongs to no solution, by account and type."""
    return page_of(_in_use(user), order=("account", "type", "id"), cursor=cursor, size=PAGE)


def described(resources: Sequence[Resource], user: object, moment: Moment) -> list[Row]:
    """These resources with what fails on them. One query."""
    counted = _fails(user, moment).filter(finding__resource__in=resources).values("finding__resource")
    known = {resource.pk: resource for resource in resources}
    rows = counted.annotate(**TOLD).values_list("finding__resource", *TOLD)
    by_resource = {key: Row(known[key], *told) for key, *told in rows}
    return [by_resource.get(resource.pk, Row(resource)) for resource in resources]


def neighbours(accounts: Iterable[str], user: object, at: datetime) -> dict[str, list[Solution]]:
    """Account → the solutions that live in it, whose rules could claim what is unowned there."""
    found: dict[str, list[Solution]] = defaultdict(list)
    places = SolutionAccount.objects.in_force(at).filter(
        account__account_id__in=set(accounts), solution__in=Solution.objects.visible_to(user)
    )
    for place in places.select_related("solution", "account").order_by("solution__name"):
        found[place.account.account_id].append(place.solution)
    return dict(found)

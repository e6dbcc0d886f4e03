"""Which service types a solution really uses at a moment: from the resources that belong to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from audit.moment import Moment
from controls.models import RunsAs, ServiceType
from findings.models import FindingSpan, Resource
from findings.models.resource import ResourceQuerySet
from organisation.models import Solution


def resources_in(
    solution: Solution, user: object, moment: Moment, *, service: str, kind: str
) -> tuple[Use | None, ResourceQuerySet]:
    """The resources that a matrix counts, of a service type by its key ("" for any) and of one resource type."""
    used = uses(solution, user, moment)
    use = next((one for one in used if one.key == service), None)
    known = use.types if use else {} if service else {name for one in used for name in one.types}
    kinds = sorted(name for name in known if not kind or name == kind)
    return use, resources_of(solution, user, moment).filter(type__in=kinds)


def resources_of(solution: Solution, user: object, moment: Moment) -> ResourceQuerySet:
    """Now: what the inventory or a finding says is its own. Then: what findings of then name as its own.

    The inventory keeps no history of whose a resource was; findings do.
    """
    if moment.is_now:
        return Resource.objects.visible_to(user).of_solution(solution.pk).filter(gone_at=None)
    spans = FindingSpan.objects.at(moment).active().visible_to(user).of_solution(solution.pk)
    return Resource.objects.filter(pk__in=spans.values("finding__resource"))


@dataclass(frozen=True)
class Use:
    """A service type that is used. service: None for resource types that no service type claims.

    types: resource type → how many. said: who told which kind it is, where the inventory does not.
    """

    service: ServiceType | None
    types: dict[str, int]
    regions: tuple[str, ...]
    said: tuple[RunsAs, ...] = ()

    @property
    def total(self) -> int:
        return sum(self.types.values())

    @property
    def key(self) -> str:
        return self.service.key if self.service else "other"


def uses(solution: Solution, user: object, moment: Moment) -> list[Use]:
    """Three queries. In the order of service types; what none claims stands last."""
    services = {one.pk: one for one in ServiceType.objects.all()}
    claimed = {kind: one for one in services.values() for kind in one.resource_types}
    told = stated_kinds(solution, moment.at)
    counted: dict[int | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    regions: dict[int | None, set[str]] = defaultdict(set)
    rows = resources_of(solution, user, moment).values("type", "region").order_by().annotate(n=Count("pk"))
    for row in rows:
        said = told.get(row["type"])
        service = said.service if said else claimed.get(row["type"])
        key = service.pk if service else None
        counted[key][row["type"]] += row["n"]
        regions[key].add(row["region"])
    found = [
        Use(
            services.get(key) if key else None,
            dict(sorted(types.items())),
            tuple(sorted(regions[key])),
            tuple(told[kind] for kind in types if kind in told),
        )
        for key, types in counted.items()
    ]
    return sorted(found, key=lambda use: (use.service is None, use.service.position if use.service else 0))


def stated_kinds(solution: Solution, at: datetime) -> dict[str, RunsAs]:
    """Resource type → what somebody stated its kind is."""
    rows = RunsAs.objects.at(at).filter(solution=solution, service__isnull=False)
    return {one.resource_type: one for one in rows.select_related("service", "stated_by")}


def kinds_of(use: Use, services: Sequence[ServiceType]) -> list[ServiceType]:
    """What it could be stated to be: kinds of this service type, or its siblings where one is stated already."""
    if use.service is None:
        return []
    family = {use.service.key, *use.service.may_be} if use.said or not use.service.may_be else set()
    return [one for one in services if family & set(one.may_be)]


def kinds_of_type(resource_type: str) -> list[ServiceType]:
    """What resources of a type may run as, where the inventory does not tell; none where they are of one kind."""
    services = list(ServiceType.objects.all())
    claimed = next((one for one in services if resource_type in one.resource_types), None)
    return [one for one in services if claimed and claimed.key in one.may_be]

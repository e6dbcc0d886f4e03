"""What a check is good for: the controls and requirements that it shows, as a section of its page and its findings'."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from controls.mapping_listing import Row, rows_of
from controls.models import CheckReference, Control, Mapping
from findings.models import Check, Finding, Source
from organisation.middleware import Request
from organisation.models import Role
from organisation.panels import Panel
from organisation.permissions import may

State = Mapping.State


@dataclass(frozen=True)
class Promise:
    """A requirement, or a control, that the check shows. through: the control that joins them, where one does."""

    row: Row
    through: Control | None = None

    @property
    def is_approved(self) -> bool:
        return self.row.state == State.APPROVED


@dataclass(frozen=True)
class Framework:
    """The requirements of one framework, each once."""

    name: str
    promises: list[Promise]

    @property
    def approved(self) -> list[Promise]:
        return [one for one in self.promises if one.is_approved]

    @property
    def proposed(self) -> list[Promise]:
        return [one for one in self.promises if not one.is_approved]


@dataclass(frozen=True)
class Promises:
    check: Check
    controls: list[Promise]
    frameworks: list[Framework]
    engineer_first: bool
    proposes: bool

    @property
    def approved(self) -> int:
        """Requirements that it shows something of, by approved mappings all the way."""
        return sum(len(one.approved) for one in self.frameworks)

    @property
    def proposed(self) -> int:
        return sum(len(one.proposed) for one in self.frameworks)


def of_check(request: Request, check: Check) -> Panel | None:
    if check.kind != Check.Kind.COMPLIANCE or not may(request.user, "framework.view"):
        return None
    return Panel("controls/_promises.html", promises(check, request))


def of_finding(request: Request, finding: Finding) -> Panel | None:
    return of_check(request, finding.check_ran)


def promises(check: Check, request: Request) -> Promises:
    """Seven queries, however many there are."""
    at = request.moment.at
    known = Mapping.objects.known(at).visible_to(request.user).with_ends()
    direct = rows_of(known.filter(check_named__in=names_of(check)).order_by("pk"), at)
    controls = _once(Promise(row) for row in direct if row.mapping.pair == Mapping.Pair.CONTROL_CHECK)
    joined = {one.row.mapping.control_id: one for one in controls}
    through = rows_of(known.to_controls().filter(control__in=joined).order_by("pk"), at) if joined else []
    requirements = [Promise(row) for row in direct if row.mapping.requirement_id]
    requirements += [
        Promise(row, row.mapping.control)
        for row in through
        if row.state == State.APPROVED and joined[row.mapping.control_id].is_approved
    ]
    return Promises(
        check=check,
        controls=controls,
        frameworks=_by_framework(requirements),
        engineer_first=request.user.line == Role.FIRST,
        proposes=may(request.user, "mapping.propose") and request.moment.is_now,
    )


def names_of(check: Check) -> list[CheckReference]:
    """The names under which mappings mean this check: the other way round than `live.observed`."""
    rule = check.config_rule
    own = Q(source=check.source, key=check.key)
    if check.source == Source.CONFIG:
        own = Q(source=Source.SECURITY_HUB, config_rule=rule) if rule else own
    by_rule = Q(source=Source.CONFIG, key=rule) if rule else Q(pk=None)
    return list(CheckReference.objects.filter(own | by_rule))


def _once(promises: Iterable[Promise]) -> list[Promise]:
    """Each end once: approved rather than proposed, directly rather than through a control."""
    kept: dict[str, Promise] = {}
    for one in promises:
        before = kept.get(one.row.asks.value)
        if before is None or (one.is_approved and not before.is_approved):
            kept[one.row.asks.value] = one
    return list(kept.values())


def _by_framework(promises: list[Promise]) -> list[Framework]:
    groups: dict[str, list[Promise]] = defaultdict(list)
    for one in _once(promises):
        groups[str(one.row.asks.of)].append(one)
    return [Framework(name, sorted(groups[name], key=_place)) for name in sorted(groups)]


def _place(one: Promise) -> tuple[int, str]:
    return (one.row.edition.position if one.row.edition else 0, one.row.asks.name)

"""What was mapped, stated, inherited and tested at a moment, as plain keys: what standings are worked out from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q

from controls.live import Named
from controls.models import Applicability, Control, FrameworkVersion, Inheritance, Mapping, Verdict
from controls.past import as_they_were

Relation = Mapping.Relation
WIDTH = {Relation.INTERSECTS: 0, Relation.SUBSET: 1, Relation.SUPERSET: 2, Relation.EQUAL: 3}
"""Where several mappings join the same two ends, the widest relation is what they say together."""


@dataclass(slots=True)
class Link:
    """How one end has to do with another. mappings: keys of the mappings that say so."""

    relation: str
    mappings: list[int]

    def also(self, relation: str, mapping: int) -> None:
        self.mappings.append(mapping)
        if WIDTH[Relation(relation)] > WIDTH[Relation(self.relation)]:
            self.relation = relation


Links = dict[int, dict[int, Link]]


@dataclass(frozen=True, slots=True)
class Promise:
    """What is needed of a control. solution: that operates it; None where it is asked of every solution."""

    solution: int | None
    is_manual: bool


@dataclass(frozen=True)
class Mapped:
    """By key. checks, controls, others: of each requirement, what it is mapped to. of_controls: a control's checks.

    names: of each check as mappings name it. inherited: control → the solutions that inherit it. verdicts: control
    → solution or None → key and result of the latest fresh test or attestation. excluded: requirements that are
    stated not to apply → the statement.
    """

    checks: Links = field(default_factory=dict)
    controls: Links = field(default_factory=dict)
    others: Links = field(default_factory=dict)
    of_controls: Links = field(default_factory=dict)
    names: dict[int, Named] = field(default_factory=dict)
    promises: dict[int, Promise] = field(default_factory=dict)
    inherited: dict[int, frozenset[int]] = field(default_factory=dict)
    verdicts: dict[int, dict[int | None, tuple[int, str]]] = field(default_factory=dict)
    excluded: dict[int, int] = field(default_factory=dict)

    @cached_property
    def asked(self) -> frozenset[int]:
        """The requirements that anything is mapped to, or that are stated not to apply."""
        return frozenset({*self.checks, *self.controls, *self.others, *self.excluded})

    @property
    def operators(self) -> dict[int, int]:
        """Control → the solution that operates it, where one does."""
        return {key: one.solution for key, one in self.promises.items() if one.solution is not None}

    @property
    def needs_every_solution(self) -> bool:
        """Whether people have to show a control for each solution by itself."""
        return any(one.is_manual and one.solution is None for one in self.promises.values())


def mapped_of_versions(versions: Iterable[FrameworkVersion], at: datetime) -> Mapped:
    """Of every requirement of the frameworks whose versions these are. Seven queries, however many they are."""
    return _mapped(Q(requirement__framework__in={one.framework_id for one in versions}), at)


def mapped_of_requirements(requirements: Collection[int], at: datetime) -> Mapped:
    return _mapped(Q(requirement__in=requirements), at)


def mapped_of_controls(controls: Collection[int], at: datetime) -> Mapped:
    """Of controls alone: no requirement is in it. Four queries."""
    found = Mapped()
    _read_controls(found, controls, at)
    return found


ENDS = (
    "pk", "relation", "requirement", "control", "other",
    "check_named", "check_named__source", "check_named__key",
)  # fmt: skip


def _mapped(where: Q, at: datetime) -> Mapped:
    found = Mapped()
    _read(found, Mapping.objects.in_force(at).filter(where), others=True)
    crosswalked = {other for links in found.others.values() for other in links}
    crosswalked -= {*found.checks, *found.controls, *found.others}
    if crosswalked:
        _read(found, Mapping.objects.in_force(at).filter(requirement__in=crosswalked), others=False)
    _read_controls(found, {control for links in found.controls.values() for control in links}, at)
    excluding = Applicability.objects.excluding(at)
    found.excluded.update(excluding.values_list("requirement", "pk"))
    return found


def _read(found: Mapped, rows: Any, *, others: bool) -> None:
    """others: crosswalks too; those of a requirement that is itself reached by one carry nothing further."""
    for pk, relation, requirement, control, other, check, source, key in rows.order_by("pk").values_list(*ENDS):
        if check is not None:
            _join(found.checks if control is None else found.of_controls, requirement or control, check, relation, pk)
            found.names[check] = (source, key)
        elif control is not None:
            _join(found.controls, requirement, control, relation, pk)
        elif others:
            _join(found.others, requirement, other, relation, pk)


def _join(links: Links, one: int, end: int, relation: str, mapping: int) -> None:
    ends = links.setdefault(one, {})
    if end in ends:
        ends[end].also(relation, mapping)
    else:
        ends[end] = Link(relation, [mapping])


def _read_controls(found: Mapped, controls: Collection[int], at: datetime) -> None:
    """The controls in use then, with their checks, who operates and inherits them, and what people said last."""
    wanted = Control.objects.added_by(at).filter(pk__in=controls).only("method", "solution", "retired_at")
    for one in as_they_were(wanted, at) if controls else ():
        if not one.is_retired(at):
            found.promises[one.pk] = Promise(one.solution_id, one.is_manual)
    _read(found, Mapping.objects.in_force(at).of_controls().filter(control__in=found.promises), others=False)
    heirs: dict[int, set[int]] = defaultdict(set)
    inheritances = Inheritance.objects.in_force(at).filter(control__in=found.promises)
    for control, solution in inheritances.values_list("control", "solution"):
        heirs[control].add(solution)
    found.inherited.update({control: frozenset(solutions) for control, solutions in heirs.items()})
    fresh = Verdict.objects.showing().fresh(at).filter(control__in=found.promises)
    latest = fresh.order_by("control", "solution", "-said_at", "-pk").distinct("control", "solution")
    for control, solution, pk, result in latest.values_list("control", "solution", "pk", "result"):
        found.verdicts.setdefault(control, {})[solution] = (pk, result)

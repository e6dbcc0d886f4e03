"""By what risks stand at a moment: the matrix in force, how earlier ones read in it, and the appetites.

Levels are looked up and carried from version to version; nothing is reckoned with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, Self

from risks.models import Appetite, Assessment, Matrix, Risk
from risks.models.assessment import AssessmentQuerySet

Standing = Risk.Standing
Kind = Assessment.Kind
Reads = Mapping[int, Sequence[int]]
"""The key of a matrix → for each of its levels, the one that it reads as."""


class Stated(NamedTuple):
    """A confirmed assessment, on the matrix that it was stated on."""

    matrix: int
    likelihood: int
    impact: int
    level: int


class Stands(NamedTuple):
    """The fields of Risk.KEPT_UP, in that order."""

    inherent: int | None
    current: int | None
    target: int | None
    likelihood: int | None
    impact: int | None
    standing: str


class Bounds(NamedTuple):
    """An appetite, on the matrix in force. key: of its row; 0 where it is not recorded."""

    key: int
    appetite: int
    tolerance: int


Scope = tuple[int | None, int | None]
"""The keys of a solution and a category; None: every one."""


def reads_in(target: Matrix, versions: Iterable[Matrix]) -> dict[int, list[int]]:
    """How the levels of `target` and of every version before it read in it."""
    by_key = {one.pk: one for one in versions}
    found = {target.pk: list(range(len(target.levels)))}
    step = target
    while step.follows_id is not None and step.follows_id in by_key:
        ahead, step = (found[step.pk], step.carried), by_key[step.follows_id]
        found[step.pk] = [ahead[0][level] for level in ahead[1]]
    return found


def standing_of(level: int | None, bounds: Bounds | None) -> str:
    """Where a current level stands; both are indices of one matrix."""
    if level is None:
        return Standing.NOT_ASSESSED.value
    if bounds is None:
        return Standing.NO_APPETITE.value
    if level > bounds.tolerance:
        return Standing.ABOVE_TOLERANCE.value
    return Standing.ABOVE_APPETITE.value if level > bounds.appetite else Standing.WITHIN.value


@dataclass(frozen=True)
class Rules:
    """matrix: None before the first was adopted. versions: by key, up to the one in force. bounds: by scope."""

    matrix: Matrix | None = None
    versions: Mapping[int, Matrix] = field(default_factory=dict)
    reads: Reads = field(default_factory=dict)
    bounds: Mapping[Scope, Bounds] = field(default_factory=dict)

    @classmethod
    def at(cls, at: datetime) -> Self:
        """Those in force then. Two queries."""
        versions = list(Matrix.objects.adopted(at).order_by("adopted_at", "pk"))
        rows = list(Appetite.objects.in_force(at).order_by("valid_from", "pk"))
        return cls.of(versions, rows)

    @classmethod
    def of(cls, versions: Sequence[Matrix], appetites: Iterable[Appetite]) -> Self:
        """versions: the last of them is in force, recorded or not."""
        if not versions:
            return cls()
        matrix = versions[-1]
        reads = reads_in(matrix, versions)
        bounds: dict[Scope, Bounds] = {}
        for one in appetites:
            if one.matrix_id in reads:
                read = reads[one.matrix_id]
                bounds[one.solution_id, one.category_id] = Bounds(one.pk, read[one.appetite], read[one.tolerance])
        return cls(matrix, {one.pk: one for one in versions}, reads, bounds)

    def with_bounds(self, scope: Scope, bounds: Bounds | None) -> Self:
        """The same, were this appetite recorded, or ended (None)."""
        rest = {key: one for key, one in self.bounds.items() if key != scope}
        return replace(self, bounds=rest if bounds is None else {**rest, scope: bounds})

    def bounds_of(self, solution: int, category: int) -> Bounds | None:
        """The most specific one counts: category and solution, then solution, then category, then neither."""
        scopes: tuple[Scope, ...] = ((solution, category), (solution, None), (None, category), (None, None))
        return next((self.bounds[one] for one in scopes if one in self.bounds), None)

    def level(self, stated: Stated | None) -> int | None:
        """What a stated level reads as in the matrix in force."""
        if stated is None or stated.matrix not in self.reads:
            return None
        return self.reads[stated.matrix][stated.level]

    def cell(self, stated: Stated | None) -> tuple[int | None, int | None]:
        """Its likelihood and impact where they still mean the same, else None twice.

        They do on the matrix that they were stated on, and on a later one with the same words on both sides, as long
        as that cell has the level that the stated one reads as.
        """
        if stated is None or self.matrix is None or stated.matrix not in self.reads:
            return None, None
        then, now = self.versions[stated.matrix], self.matrix
        same = (then.likelihoods, then.impacts) == (now.likelihoods, now.impacts)
        if same and now.level_of(stated.likelihood, stated.impact) == self.level(stated):
            return stated.likelihood, stated.impact
        return None, None

    def stands(self, solution: int, category: int, stated: Mapping[str, Stated]) -> Stands:
        """stated: by kind. Of a risk of this solution and category."""
        inherent, current, target = (self.level(stated.get(kind.value)) for kind in Kind)
        likelihood, impact = self.cell(stated.get(Kind.CURRENT.value))
        return Stands(
            inherent, current, target, likelihood, impact, standing_of(current, self.bounds_of(solution, category))
        )


def stated_at(at: datetime, risks: Iterable[int] | None = None) -> dict[int, dict[str, Stated]]:
    """What stood confirmed at a moment, by risk and kind. risks: keys; every one unless told. One query."""
    rows: AssessmentQuerySet = Assessment.objects.all()
    if risks is not None:
        rows = rows.filter(risk__in=list(risks))
    found: dict[int, dict[str, Stated]] = {}
    names = ("risk_id", "kind", "matrix_id", "likelihood", "impact", "level")
    for risk, kind, *rest in rows.standing(at).values_list(*names):
        found.setdefault(risk, {})[kind] = Stated(*rest)
    return found

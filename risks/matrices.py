"""Versions of the matrix: what one may look like, adopting it, and how a level of one reads in another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Self

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.models import StaleRow
from findings.models import Severity
from organisation.models import NotAllowed, User
from risks import standing
from risks.models import FEWEST, MOST, Appetite, Matrix
from risks.refusals import Refused
from risks.rules import Rules, reads_in
from risks.shapes import FIVE_BY_FIVE

TONES = (1, 6)
LABEL = 40
"""Characters of a label, at most."""


def carried(level: int, from_matrix: Matrix, to_matrix: Matrix) -> int:
    """What a level of one version reads as in the same or a later one, through every version between.

    Raises LookupError where no chain of versions leads there.
    """
    if from_matrix.pk == to_matrix.pk:
        return level
    versions = Matrix.objects.adopted(to_matrix.adopted_at)
    return reads_in(to_matrix, versions)[from_matrix.pk][level]


@dataclass(frozen=True)
class Draft:
    """What a version would say; shapes as in Matrix. carried: empty for the first."""

    likelihoods: list[str]
    impacts: list[str]
    levels: list[dict[str, Any]]
    cells: list[list[int]]
    by_severity: list[int]
    carried: list[int] = field(default_factory=list)

    @classmethod
    def standard(cls, before: Matrix | None = None) -> Self:
        """The ordinary 5×5 matrix; levels of the one before read as those in the same place."""
        highest = len(FIVE_BY_FIVE["levels"]) - 1
        levels = range(len(before.levels)) if before else ()
        named: dict[str, Any] = {name: [_(one) for one in FIVE_BY_FIVE[name]] for name in ("likelihoods", "impacts")}
        named["levels"] = [{**one, "label": _(one["label"])} for one in FIVE_BY_FIVE["levels"]]
        return cls(**{**FIVE_BY_FIVE, **named}, carried=[min(level, highest) for level in levels])

    @classmethod
    def of(cls, matrix: Matrix) -> Self:
        """As a matrix is, to be changed: each of its levels reads as itself."""
        names = ("likelihoods", "impacts", "levels", "cells", "by_severity")
        said = {name: getattr(matrix, name) for name in names}
        return cls(**said, carried=list(range(len(matrix.levels))))

    def resized(self, rows: int, columns: int, levels: int) -> Draft:
        """With so many likelihoods, impacts and levels: the last ones are left off, or said again."""
        highest = levels - 1
        tone = self.levels[-1]["tone"]
        grid = [_stretched(row, columns) for row in _stretched(self.cells, rows)]
        more = [{"label": "", "tone": tone} for _n in range(levels - len(self.levels))]
        return Draft(
            likelihoods=[*self.likelihoods, *[""] * rows][:rows],
            impacts=[*self.impacts, *[""] * columns][:columns],
            levels=[*self.levels, *more][:levels],
            cells=[[min(level, highest) for level in row] for row in grid],
            by_severity=[min(level, highest) for level in self.by_severity],
            carried=[min(level, highest) for level in self.carried],
        )

    @property
    def said(self) -> dict[str, Any]:
        return asdict(self)


def _stretched(rows: Sequence[Any], n: int) -> list[Any]:
    return [*rows, *[rows[-1]] * n][:n]


def flaws(draft: Draft, before: Matrix | None) -> Iterator[str]:
    """Why it cannot be adopted, in words; nothing where it can."""
    sides = ((draft.likelihoods, _("likelihoods")), (draft.impacts, _("impacts")))
    levels = [one["label"] for one in draft.levels]
    for labels, noun in (*sides, (levels, _("levels"))):
        yield from _of_labels(labels, noun)
    top = len(levels)
    if any(not TONES[0] <= one["tone"] <= TONES[1] for one in draft.levels):
        yield _("A tone is one of 1 to 6.")
    shape = [len(row) for row in draft.cells]
    known = (
        *(level for row in draft.cells for level in row),
        *draft.by_severity,
        *draft.carried,
    )
    if shape != [len(draft.impacts)] * len(draft.likelihoods) or any(not 0 <= level < top for level in known):
        yield _("Every cell, severity and earlier level needs one of the levels.")
        return
    yield from _of_cells(draft)
    yield from _of_severities(draft)
    if len(draft.carried) != (len(before.levels) if before else 0):
        yield _("Say for each level of the matrix before what it reads as now.")
    elif before and (at := _falls(draft.carried)) is not None:
        told = {"higher": before.label(at), "lower": before.label(at - 1)}
        yield _("“%(higher)s” of the matrix before would read as less than “%(lower)s”.") % told


def _of_labels(labels: list[str], noun: str) -> Iterator[str]:
    told = {"noun": noun, "fewest": FEWEST, "most": MOST}
    if not FEWEST <= len(labels) <= MOST:
        yield _("A matrix has %(fewest)d to %(most)d %(noun)s.") % told
    if any(not label.strip() or len(label) > LABEL for label in labels):
        yield _("Each of the %(noun)s needs a name of up to 40 characters.") % told
    elif len({label.casefold() for label in labels}) < len(labels):
        yield _("Two of the %(noun)s have the same name.") % told


def _of_cells(draft: Draft) -> Iterator[str]:
    """More likely or worse never gives a lower level."""
    for row, levels in enumerate(draft.cells):
        for column, level in enumerate(levels):
            told = {"row": draft.likelihoods[row], "column": draft.impacts[column], "level": _label(draft, level)}
            if row and level < draft.cells[row - 1][column]:
                less = _label(draft, draft.cells[row - 1][column])
                words = _("“%(row)s” and “%(column)s” gives %(level)s, but what is less likely gives %(less)s.")
                yield words % {**told, "less": less}
            if column and level < levels[column - 1]:
                less = _label(draft, levels[column - 1])
                words = _("“%(row)s” and “%(column)s” gives %(level)s, but a smaller impact gives %(less)s.")
                yield words % {**told, "less": less}


def _of_severities(draft: Draft) -> Iterator[str]:
    if len(draft.by_severity) != len(Severity):
        yield _("Say which level each severity stands for.")
    elif (at := _falls(draft.by_severity)) is not None:
        told = {"higher": Severity(at).label, "lower": Severity(at - 1).label}
        yield _("Severity “%(higher)s” would stand for a lower level than “%(lower)s”.") % told


def _falls(levels: list[int]) -> int | None:
    """The first place at which a level is lower than the one before."""
    return next((n for n in range(1, len(levels)) if levels[n] < levels[n - 1]), None)


def _label(draft: Draft, level: int) -> str:
    return str(draft.levels[level]["label"])


def approval_refusal(approved_on: date) -> str:
    """Why nothing is recorded as approved on this day; empty where it may have been."""
    if approved_on <= timezone.localdate(clock.now()):
        return ""
    return _("This day is still to come: record it once it is approved.")


def effect(draft: Draft) -> standing.Effect:
    """What adopting it would change. Four queries."""
    at = clock.now()
    now = Rules.at(at)
    versions = [*now.versions.values(), Matrix(**draft.said, follows=now.matrix)]
    return standing.effect(now, Rules.of(versions, Appetite.objects.in_force(at)))


@transaction.atomic
def adopt(
    draft: Draft,
    *,
    because: str,
    approved_by: str,
    approved_on: date,
    by: User | str,
    reference: str = "",
    read: Matrix | None = None,
) -> Matrix:
    """From now on levels are stated on it; those stated before keep their matrix, and read as `carried` says.

    read: the one in force as the person saw it. by: a person, or the name of a process. Raises NotAllowed where it may
    not look so, StaleRow where another was adopted meanwhile.
    """
    steering()
    at = clock.now()
    before = Matrix.objects.in_force(at)
    if before != read:
        raise StaleRow
    for words in flaws(draft, before):
        raise NotAllowed(words)
    if words := approval_refusal(approved_on):
        raise Refused(words, "approved_on")
    made = Matrix.objects.create(
        **draft.said,
        follows=before,
        because=because,
        approved_by=approved_by,
        approved_on=approved_on,
        reference=reference,
        adopted_by=by if isinstance(by, User) else None,
        adopted_at=at,
    )
    follows = {"follows": before.public_id} if before else {}
    trail.record(by, "matrix.adopted", made, because=because, **follows, **made.told)
    standing.refresh()
    return made


def steering() -> None:
    """Matrix, appetites and authorities are decided one after the other: waits for whoever decides now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('risks.steering'))")

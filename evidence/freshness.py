"""How fresh a control's evidence is at a moment: stale means not assessed, and never that it failed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from controls.models import Control
from evidence.models import Evidence, EvidenceLink
from evidence.models.evidence import EvidenceQuerySet
from organisation.models import Solution
from organisation.models.dated import DatedQuerySet

State = Literal["fresh", "stale", "none"]


@dataclass(frozen=True)
class Freshness:
    """Of a control, or of its part in a solution. evidence: the piece that speaks of the latest time.

    fresh_until: the first moment at which it is stale, as long as a test of the control lasts after its period.
    """

    state: State
    evidence: Evidence | None = None
    fresh_until: datetime | None = None


NONE = Freshness("none")
Place = tuple[int, int | None]
"""Key of a control, and of a solution; None for the organisation as a whole."""


def freshness_by_place(
    controls: Collection[Control], at: datetime, seen: EvidenceQuerySet | None = None
) -> dict[Place, Freshness]:
    """Where there is evidence of these controls. seen: what the reader may see; None for all of it. One query."""
    links = EvidenceLink.objects.in_force(at).filter(control__in=[one.pk for one in controls])
    return _told(_latest(links, at, seen), at)


def freshness(
    controls: Collection[Control], at: datetime, seen: EvidenceQuerySet | None = None
) -> dict[int, Freshness]:
    """Of each of these controls, by key, wherever its evidence is of: the freshest counts. One query."""
    places = freshness_by_place(controls, at, seen)
    return {one.pk: _freshest([told for (key, _), told in places.items() if key == one.pk]) for one in controls}


def freshness_in(solution: Solution, at: datetime, seen: EvidenceQuerySet) -> dict[Place, Freshness]:
    """Of every control of which a solution has evidence. One query."""
    return _told(_latest(EvidenceLink.objects.in_force(at).filter(evidence__solution=solution), at, seen), at)


def freshness_there(told: Mapping[Place, Freshness], control: Control, solution: Solution) -> Freshness:
    """Of a control in a solution: its own evidence, or that of the organisation as a whole."""
    return _freshest([told.get((control.pk, place), NONE) for place in (solution.pk, None)])


def _latest(links: DatedQuerySet[EvidenceLink], at: datetime, seen: EvidenceQuerySet | None) -> list[EvidenceLink]:
    """Of each place the link to the piece that speaks of the latest time."""
    rows = (Evidence.objects.all() if seen is None else seen).standing(at)
    found = links.filter(evidence__in=rows).select_related("control", "evidence__solution")
    ordered = found.order_by("control_id", "evidence__solution_id", "-evidence__effective_to", "-evidence_id")
    return list(ordered.distinct("control_id", "evidence__solution_id"))


def _told(links: list[EvidenceLink], at: datetime) -> dict[Place, Freshness]:
    found: dict[Place, Freshness] = {}
    for link in links:
        until = link.evidence.effective_to + link.control.lasts
        found[link.control_id, link.evidence.solution_id] = Freshness(
            "fresh" if until > at else "stale", link.evidence, until
        )
    return found


def _freshest(told: list[Freshness]) -> Freshness:
    dated = [(one.fresh_until, place) for place, one in enumerate(told) if one.fresh_until]
    return told[max(dated)[1]] if dated else NONE

"""What the homes tell of risks: a small heat map for the second line, figures of their own for the first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from controls.listing import Asked
from dashboard.reach import Reach
from organisation.middleware import Request
from risks.drawing import drawn
from risks.figures import Standing, by_scope
from risks.heat_map import Address, HeatMap, Wanted, heat_map

TOLD = (Standing.ABOVE_TOLERANCE, Standing.ABOVE_APPETITE, Standing.NOT_ASSESSED)


@dataclass(frozen=True)
class Steered:
    """drawn: None where there was no matrix."""

    heat: HeatMap
    drawn: dict[str, Any] | None


def steered(request: Request, reach: Reach) -> Steered | None:
    """The heat map of what the home speaks of; None where there is no open risk. Two queries, of now."""
    wanted = Wanted(solution=reach.chosen, nobody=reach.is_unowned)
    heat = heat_map(reach.user, reach.moment, wanted)
    if not heat.total:
        return None
    return Steered(heat, drawn(request, heat, Address(wanted, Asked(), {})) if heat.matrix else None)


@dataclass(frozen=True)
class Own:
    """total: the open risks. told: those that want something of somebody, by standing."""

    total: int
    told: list[dict[str, Any]]


def own(reach: Reach) -> Own | None:
    """The open risks that the reader sees in what the home speaks of; None where there is none. One query, of now."""
    if reach.is_unowned:
        return None
    counts = standings(reach)
    told = [{"value": one.value, "label": one.label, "count": counts[one]} for one in TOLD if counts[one]]
    return Own(counts.total(), told) if counts else None


def standings(reach: Reach) -> Counter[str]:
    """The open risks that the reader sees in what the home speaks of, by standing. One query, of now."""
    counts: Counter[str] = Counter()
    for (solution, _category, standing), n in by_scope(reach.user, reach.moment).items():
        if reach.chosen is None or solution == reach.chosen.pk:
            counts[standing] += n
    return counts

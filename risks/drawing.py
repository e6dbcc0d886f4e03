"""The heat map in words and doors, for its own page and for whoever shows it small."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from risks.doors import to_register
from risks.heat_map import Address, Cell, HeatMap
from risks.models import Matrix, Risk
from risks.rules import Kind

Standing = Risk.Standing
KEPT = ("as_of", "known_at", "line", "solution")


def title(heat: HeatMap, solution: str = "") -> str:
    """How many are beyond what is borne, and what is wanted."""
    of = f"{solution}: " if solution else ""
    beyond, above = heat.standings[Standing.ABOVE_TOLERANCE], heat.standings[Standing.ABOVE_APPETITE]
    n = heat.standings.total()
    if not n:
        return of + _("no open risk") if of else _("No open risk")
    told = [ngettext("%(n)s open risk", "%(n)s open risks", n) % {"n": f"{n:,}"}]
    if beyond:
        told.append(_("%(n)s above tolerance") % {"n": f"{beyond:,}"})
    if above:
        told.append(_("%(n)s above appetite") % {"n": f"{above:,}"})
    return of + ", ".join(told)


def cell_words(matrix: Matrix, cell: Cell) -> str:
    likelihood, impact = cell
    if likelihood >= len(matrix.likelihoods) or impact >= len(matrix.impacts):
        raise Http404("The matrix in force has no such cell")
    words = _("%(likelihood)s, %(impact)s: %(level)s")
    level = matrix.label(matrix.level_of(likelihood, impact))
    return words % {"likelihood": matrix.likelihoods[likelihood], "impact": matrix.impacts[impact], "level": level}


def drawn(request: HttpRequest, heat: HeatMap, found: Address) -> dict[str, Any]:
    """What templates draw: rows from the most likely down, each cell with its door, and what stands beside the map."""
    matrix = heat.matrix
    assert matrix is not None
    return {
        "columns": matrix.impacts,
        "rows": [
            {
                "label": matrix.likelihoods[row],
                "cells": [
                    {
                        "count": heat.cells[row, column],
                        "tone": matrix.tone(matrix.level_of(row, column)),
                        "words": cell_words(matrix, (row, column)),
                        "url": _door(request, found, likelihood=row, impact=column),
                    }
                    for column in range(len(matrix.impacts))
                ],
            }
            for row in reversed(range(len(matrix.likelihoods)))
        ],
        "legend": [{"label": one["label"], "tone": one["tone"]} for one in reversed(matrix.levels)],
        "elsewhere": heat.elsewhere.total(),
        "elsewhere_url": _door(request, found, likelihood="none") if found.wanted.by == Kind.CURRENT else "",
        "not_assessed_url": _door(request, found, standing=Standing.NOT_ASSESSED.value)
        if found.wanted.by == Kind.CURRENT
        else "",
        "standings": [
            {
                "label": one.label,
                "value": one.value,
                "count": heat.standings[one],
                "url": _register(request, **{**found.narrowed, "standing": one.value}),
            }
            for one in (Standing.ABOVE_TOLERANCE, Standing.ABOVE_APPETITE, Standing.WITHIN, Standing.NO_APPETITE)
        ],
    }


def _door(request: HttpRequest, found: Address, **asked: str | int) -> str:
    """By current level: the register, narrowed likewise. By another: this page, which then lists them."""
    if found.wanted.by == Kind.CURRENT:
        return _register(request, **{**found.narrowed, **asked})
    return f"{on_the_page(request, **asked)}#listed"


def _register(request: HttpRequest, **asked: str | int) -> str:
    kept = {name: request.GET[name] for name in KEPT if name in request.GET}
    return to_register(**{**kept, **asked})


def on_the_page(request: HttpRequest, **asked: str | int) -> str:
    query = {name: request.GET[name] for name in request.GET if name not in ("likelihood", "impact")}
    return f"{reverse('risks:heat_map')}?{urlencode({**query, **asked})}"

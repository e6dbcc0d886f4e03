"""The heat map as a page and as a file."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from controls.addresses import door_of, files_of
from controls.tables import as_csv, as_xlsx
from organisation.middleware import Request
from organisation.permissions import may, permitted
from risks.doors import to_register
from risks.heat_map import Address, Cell, HeatMap, heat_map, listed
from risks.models import Matrix, Risk
from risks.rules import Kind
from risks.views.tabs import tabs

Standing = Risk.Standing
HEAD = ("Likelihood", "Impact", "Level", "Risks")
SHOWN = 100
"""Risks of a cell, at most, where the page lists them itself."""


@require_safe
@permitted("risk.view")
def page(request: Request) -> HttpResponse:
    found = Address.of(request.GET, request.user, request.moment)
    heat = heat_map(request.user, request.moment, found.wanted)
    of_cell = listed(request.user, request.moment, found.wanted, found.cell) if found.cell and heat.matrix else []
    context = {
        "title": title(heat, found.wanted.solution.name if found.wanted.solution else ""),
        "tabs": tabs(request, "heat_map"),
        "heat": heat,
        "drawn": drawn(request, heat, found) if heat.matrix else None,
        "kinds": [
            {"label": label, "url": _kept(request, by=value), "current": value == found.wanted.by}
            for value, label in found.choices["by"][1].items()
        ],
        "chips": [one for one in found.asked.chips if one["key"] in found.narrowed],
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": found.asked.values.get(name, "")}
            for name, (label, known) in found.choices.items()
            if name in ("category", "owner", "standing")
        ],
        "cell": found.cell,
        "cell_words": cell_words(heat.matrix, found.cell) if heat.matrix and found.cell else "",
        "of_cell": of_cell[:SHOWN],
        "in_cell": len(of_cell),
        "exports": files_of(request, "risks:heat_map_export") if may(request.user, "risk.export") else [],
        "manages": may(request.user, "appetite.manage") and request.moment.is_now,
    }
    return render(request, "risks/heat_map.html", context)


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


def drawn(request: Request, heat: HeatMap, found: Address) -> dict[str, Any]:
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


def _door(request: Request, found: Address, **asked: str | int) -> str:
    """By current level: the register, narrowed likewise. By another: this page, which then lists them."""
    if found.wanted.by == Kind.CURRENT:
        return _register(request, **{**found.narrowed, **asked})
    return f"{_kept(request, **asked)}#listed"


def _register(request: Request, **asked: str | int) -> str:
    kept = {name: request.GET[name] for name in ("as_of", "known_at", "line", "solution") if name in request.GET}
    return to_register(**{**kept, **asked})


def _kept(request: Request, **asked: str | int) -> str:
    query = {name: request.GET[name] for name in request.GET if name not in ("likelihood", "impact")}
    return f"{reverse('risks:heat_map')}?{urlencode({**query, **asked})}"


@require_safe
@permitted("risk.export")
def export(request: Request, form: str) -> HttpResponse:
    """The map as rows. form: csv or xlsx."""
    if form not in ("csv", "xlsx"):
        raise Http404(f"No such form: {form}")
    found = Address.of(request.GET, request.user, request.moment)
    heat = heat_map(request.user, request.moment, found.wanted)
    lines = _lines(heat)
    at, scope = request.moment.at, found.wanted.solution
    about = {
        "As of": f"{at:%Y-%m-%d %H:%M:%S} UTC",
        "By": f"{found.wanted.by} level",
        "Scope": scope.name if scope else "all that the reader may see",
        "Matrix": heat.matrix.public_id if heat.matrix else "none",
    }
    name = f"risk-heat-map-{at:%Y%m%dT%H%M%SZ}"
    if form == "csv":
        return as_csv(name, (*HEAD, *about), [(*line, *about.values()) for line in lines])
    narrowed = ", ".join(f"{key}={value}" for key, value in found.narrowed.items()) or "nothing: all that are open"
    read = {
        "Read by": request.user.name,
        "Address": request.build_absolute_uri(door_of(request.GET, request.path, "", "")),
    }
    return as_xlsx(name, {"What": "Heat map of open risks", **about, "Narrowed to": narrowed, **read}, HEAD, lines)


def _lines(heat: HeatMap) -> list[tuple[str, ...]]:
    matrix = heat.matrix
    if matrix is None:
        return []
    cells = [
        (likelihood, impact, matrix.label(matrix.level_of(row, column)), str(heat.cells[row, column]))
        for row, likelihood in enumerate(matrix.likelihoods)
        for column, impact in enumerate(matrix.impacts)
    ]
    elsewhere = [
        ("on another matrix", "on another matrix", matrix.label(level), str(n))
        for level, n in sorted(heat.elsewhere.items())
    ]
    return [*cells, *elsewhere, ("not assessed", "not assessed", "", str(heat.not_assessed))]

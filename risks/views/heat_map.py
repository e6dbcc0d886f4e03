"""The heat map as a page and as a file."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as word
from django.views.decorators.http import require_safe

from audit.words import in_the_organisations_language
from controls.addresses import door_of, files_of
from controls.tables import as_csv, as_xlsx
from organisation.middleware import Request
from organisation.permissions import may, permitted
from risks.drawing import cell_words, drawn, on_the_page, title
from risks.heat_map import Address, HeatMap, heat_map, listed
from risks.views.tabs import tabs

HEAD = (word("Likelihood"), word("Impact"), word("Level"), word("Risks"))
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
        "by": found.choices["by"][1][found.wanted.by],
        "drawn": drawn(request, heat, found) if heat.matrix else None,
        "kinds": [
            {"label": label, "url": on_the_page(request, by=value), "current": value == found.wanted.by}
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


@require_safe
@permitted("risk.export")
@in_the_organisations_language
def export(request: Request, form: str) -> HttpResponse:
    """The map as rows. form: csv or xlsx."""
    if form not in ("csv", "xlsx"):
        raise Http404(f"No such form: {form}")
    found = Address.of(request.GET, request.user, request.moment)
    heat = heat_map(request.user, request.moment, found.wanted)
    lines = _lines(heat)
    at, scope = request.moment.at, found.wanted.solution
    about = {
        _("As of"): _("%(at)s UTC") % {"at": f"{at:%Y-%m-%d %H:%M:%S}"},
        "By": f"{found.wanted.by} level",
        _("Scope"): scope.name if scope else _("all that the reader may see"),
        _("Matrix"): heat.matrix.public_id if heat.matrix else "none",
    }
    name = f"risk-heat-map-{at:%Y%m%dT%H%M%SZ}"
    if form == "csv":
        return as_csv(name, (*HEAD, *about), [(*line, *about.values()) for line in lines])
    narrowed = ", ".join(f"{key}={value}" for key, value in found.narrowed.items()) or _("nothing: all that are open")
    read = {
        _("Read by"): request.user.name,
        _("Address"): request.build_absolute_uri(door_of(request.GET, request.path, "", "")),
    }
    return as_xlsx(
        name, {_("What"): _("Heat map of open risks"), **about, _("Narrowed to"): narrowed, **read}, HEAD, lines
    )


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
        (_("on another matrix"), _("on another matrix"), matrix.label(level), str(n))
        for level, n in sorted(heat.elsewhere.items())
    ]
    return [*cells, *elsewhere, (_("not assessed"), _("not assessed"), "", str(heat.not_assessed))]

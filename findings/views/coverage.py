from __future__ import annotations

from collections import Counter
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from findings.coverage_figures import CoverageFigures, figures_of, held_of, known_at, scopes_visible_to, with_state
from findings.explore import kept
from findings.listing import account_names
from findings.models import CoverageState, Scope, Source
from findings.phrasing import number
from organisation.middleware import Request
from organisation.permissions import may, permitted

ORDER = ("denied", "failed", "never", "disabled", "stale", "running", "fresh")


@require_safe
@permitted("coverage.view")
def coverage(request: Request) -> HttpResponse:
    """What can be spoken for, by account, region and source, at the moment."""
    path = reverse("findings:coverage")
    query = kept(request.GET)
    visible = known_at(scopes_visible_to(request.user, request.moment.at), request.moment)
    scopes = list(with_state(visible.select_related("connection"), request.moment))
    figures = figures_of(scopes, f"{path}?{urlencode(query)}" if query else path)
    state = request.GET.get("state", "")
    wanted = [s for s in scopes if held_of(s).state == state] if state in CoverageState.values else None
    context = {
        "title": _title(figures),
        "figures": figures,
        "coverage": figures,
        "parts": _parts(figures, path, query),
        "state": state if wanted is not None else "",
        "state_word": CoverageState(state).label if wanted is not None else "",
        "listed": _listed(wanted if wanted is not None else [s for s in scopes if held_of(s).state != "fresh"]),
        "matrix": _matrix(scopes),
        "sees_connections": may(request.user, "connection.view"),
        "sees_findings": may(request.user, "finding.view"),
        "bare_url": figures.url,
    }
    return render(request, "findings/coverage.html", context)


def _title(figures: CoverageFigures) -> str:
    total, fresh = figures.total, figures.counts[CoverageState.FRESH]
    if not total:
        return _("Nothing is observed")
    if fresh == total:
        return ngettext("%(n)s place is read and fresh", "All %(n)s places are read and fresh", total) % {
            "n": number(total)
        }
    words = ngettext(
        "%(gap)s of %(n)s places cannot be spoken for", "%(gap)s of %(n)s places cannot be spoken for", total - fresh
    )
    return words % {"gap": number(total - fresh), "n": number(total)}


def _parts(figures: CoverageFigures, path: str, query: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "status": state,
            "word": CoverageState(state).label,
            "count": figures.counts[state],
            "url": f"{path}?{urlencode({**query, 'state': state})}",
        }
        for state in reversed(ORDER)
        if figures.counts[state]
    ]


def _listed(scopes: list[Scope]) -> list[dict[str, Any]]:
    names = account_names(scope.account for scope in scopes)
    rows = [{"scope": scope, "held": held_of(scope), "name": names.get(scope.account, "")} for scope in scopes]
    return sorted(rows, key=lambda row: (ORDER.index(row["held"].state), row["name"], row["scope"].region))


def _matrix(scopes: list[Scope]) -> dict[str, Any]:
    """Accounts down, regions and their sources across; a place that is not read has no cell."""
    regions = sorted({scope.region for scope in scopes})
    sources = [source for source in Source if any(scope.source == source for scope in scopes)]
    names = account_names(scope.account for scope in scopes)
    cells = {(scope.account, scope.region, scope.source): scope for scope in scopes}
    accounts = sorted({scope.account for scope in scopes}, key=lambda account: (names.get(account, "~"), account))
    rows = []
    for account in accounts:
        row = [cells.get((account, region, source)) for region in regions for source in sources]
        states = Counter(held_of(scope).state for scope in row if scope)
        rows.append(
            {"account": account, "name": names.get(account, ""), "cells": row, "gaps": states.total() - states["fresh"]}
        )
    return {"regions": regions, "sources": sources, "rows": rows, "span": len(sources)}

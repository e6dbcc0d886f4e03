from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from controls.addresses import door_of, files_of
from controls.figures import Stands
from controls.models import FrameworkVersion, Mapping
from controls.rollup import counts_by_solution
from controls.standing import standings_by_solution
from findings.coverage_figures import coverage
from organisation.middleware import Request
from organisation.models import Solution
from organisation.permissions import permitted


@dataclass(frozen=True)
class Cell:
    """Where the requirements of one version stand in one solution. bar: each state with its door."""

    version: FrameworkVersion
    stands: Stands
    url: str
    bar: list[dict[str, Any]]


@dataclass(frozen=True)
class SolutionRow:
    solution: Solution
    cells: list[Cell]

    @property
    def failing(self) -> int:
        return sum(cell.stands.failing for cell in self.cells)


@require_safe
@permitted("framework.view")
def posture(request: Request) -> HttpResponse:
    """Where each framework's requirements stand in each solution that the reader may see."""
    versions = versions_that_count(request)
    solutions = solutions_of(request)
    rows = rows_of(request, versions, solutions)
    context = {
        "versions": versions,
        "rows": rows,
        "title": _title(versions, rows),
        "coverage": coverage(request.user, request.moment),
        "exports": files_of(request, "controls:posture_export"),
    }
    return render(request, "controls/posture.html", context)


def versions_that_count(request: Request) -> list[FrameworkVersion]:
    """The versions current then of frameworks that an approved mapping shows something of."""
    at = request.moment.at
    current = FrameworkVersion.objects.current(at).select_related("framework").order_by("framework__name")
    mapped = Mapping.objects.in_force(at).exclude(requirement=None)
    return list(current.filter(framework__in=mapped.values("requirement__framework")))


def rows_of(request: Request, versions: Sequence[FrameworkVersion], solutions: Sequence[Solution]) -> list[SolutionRow]:
    return _kept(request, versions, solutions) or worked_out(request, versions, solutions)


def _kept(request: Request, versions: Sequence[FrameworkVersion], solutions: Sequence[Solution]) -> list[SolutionRow]:
    """As the last roll-up has them; none where that is out of date."""
    counts = counts_by_solution(request.moment, versions, solutions)
    if counts is None:
        return []
    return [
        SolutionRow(one, [_cell(request, one, version, Stands(counts[one.pk, version.pk])) for version in versions])
        for one in solutions
    ]


def solutions_of(request: Request) -> list[Solution]:
    at = request.moment.at
    return list(Solution.objects.added_by(at).in_use(at).visible_to(request.user))


def worked_out(
    request: Request, versions: Sequence[FrameworkVersion], solutions: Sequence[Solution]
) -> list[SolutionRow]:
    """Worked out anew, with what of it is automated."""
    standings = standings_by_solution(request.user, request.moment, versions, solutions) if versions else {}
    return [
        SolutionRow(
            one,
            [_cell(request, one, version, Stands.of(standings[one.pk][version.pk].values())) for version in versions],
        )
        for one in solutions
    ]


def _cell(request: Request, solution: Solution, version: FrameworkVersion, stands: Stands) -> Cell:
    address = reverse("controls:framework", args=[version.framework.public_id])
    url = partial(door_of, request.GET, address, "status", solution=solution.public_id)
    return Cell(version, stands, url(""), stands.parts(url))


def _title(versions: list[FrameworkVersion], rows: list[SolutionRow]) -> str:
    if not versions:
        return _("Nothing shows a requirement of any framework yet")
    if not rows:
        return _("No solution to look at")
    failing = sum(1 for row in rows if row.failing)
    told = {"failing": failing, "n": len(rows)}
    words = ngettext(
        "Requirements fail in %(failing)d of %(n)d solution",
        "Requirements fail in %(failing)d of %(n)d solutions",
        len(rows),
    )
    return words % told

"""What this floor adds to the pages of floors below."""

from __future__ import annotations

from dataclasses import dataclass

from controls.models import Control, Inheritance
from controls.used_services import uses
from organisation.middleware import Request
from organisation.models import Solution
from organisation.panels import Panel
from organisation.permissions import may


@dataclass(frozen=True)
class Controls:
    """Those that a solution operates, those it inherits, and how many it shares with every solution."""

    solution: Solution
    operated: list[Control]
    inherited: list[Inheritance]
    every: int


def controls_of_solution(request: Request, solution: Solution) -> Panel | None:
    if not may(request.user, "control.view"):
        return None
    at = request.moment.at
    in_use = Control.objects.in_use(at).visible_to(request.user)
    held = Inheritance.objects.in_force(at).filter(solution=solution, control__in=Control.objects.in_use(at))
    found = Controls(
        solution,
        list(in_use.filter(solution=solution).select_related("owner").order_by("name")),
        list(held.select_related("control__solution").order_by("control__name")),
        in_use.filter(solution=None).count(),
    )
    return Panel("controls/_solution_panel.html", found)


def services_of_solution(request: Request, solution: Solution) -> Panel | None:
    """The services that it uses, and the way to whose what is there."""
    if not may(request.user, "responsibility.view"):
        return None
    used = uses(solution, request.user, request.moment)
    content = {"solution": solution, "used": [use for use in used if use.service], "n": len(used)}
    return Panel("controls/_solution_services.html", content)

"""How fresh the evidence is: a section of a control's page, and of a solution's, of what the reader may see."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from controls.models import Control
from evidence.freshness import Freshness, freshness_by_place, freshness_in
from evidence.models import Evidence
from organisation.middleware import Request
from organisation.models import Solution
from organisation.panels import Panel
from organisation.permissions import may

SHOWN = 10


def of_control(request: Request, control: Control) -> Panel | None:
    """By solution, what is stale first. Two queries."""
    if not may(request.user, "evidence.view"):
        return None
    at = request.moment.at
    found = freshness_by_place([control], at, Evidence.objects.visible_to(request.user))
    adds = may(request.user, "evidence.add") and request.moment.is_now and not control.is_retired(at)
    rows = [{"place": told.evidence.solution, **_row(told)} for told in found.values() if told.evidence]
    return _panel(rows, {"control": control.public_id}, adds, control=control)


def of_solution(request: Request, solution: Solution) -> Panel | None:
    """By control, what is stale first."""
    if not may(request.user, "evidence.view"):
        return None
    at = request.moment.at
    found = freshness_in(solution, at, Evidence.objects.visible_to(request.user))
    names = Control.objects.visible_to(request.user).in_bulk([key for key, _place in found])
    adds = may(request.user, "evidence.add") and request.moment.is_now
    rows = [{"control": names[key], **_row(told)} for (key, _), told in found.items() if key in names]
    return _panel(rows, {"solution": solution.public_id}, adds, solution=solution)


def _row(told: Freshness) -> dict[str, Any]:
    return {"told": told, "evidence": told.evidence}


def _panel(rows: list[dict[str, Any]], asked: dict[str, str], adds: bool, **about: Any) -> Panel:
    rows.sort(key=lambda one: one["told"].fresh_until)
    content = {
        "rows": rows[:SHOWN],
        "n": len(rows),
        "more": max(len(rows) - SHOWN, 0),
        "stale": sum(1 for one in rows if one["told"].state == "stale"),
        "list_url": f"{reverse('evidence:locker')}?{urlencode(asked)}",
        "add_url": f"{reverse('evidence:add')}?{urlencode(asked)}" if adds else "",
        **about,
    }
    return Panel("evidence/_freshness_panel.html", content)

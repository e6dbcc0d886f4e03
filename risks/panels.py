"""Which risks a solution, a control, a check or a finding concerns: a section of its page, of those that one sees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from controls.models import Control
from findings.listing import account_names, solutions_of
from findings.models import Check, Finding, FindingSpan, Status
from findings.tallies import tallies
from organisation.middleware import Request
from organisation.models import Solution
from organisation.panels import Panel
from organisation.permissions import may
from risks.from_findings import concerned
from risks.groups import GroupKey
from risks.models import Matrix, Risk, RiskControl
from risks.models.risk import RiskQuerySet
from risks.rules import Rules
from risks.stood import as_they_stood

SHOWN = 10
TEMPLATE = "risks/_panel.html"
MARKS = {
    Risk.Standing.WITHIN.value: "pass",
    Risk.Standing.ABOVE_APPETITE.value: "unknown",
    Risk.Standing.ABOVE_TOLERANCE.value: "fail",
}
"""The mark of a standing; nothing is said without an appetite or a level."""


def drawn(risk: Risk, matrix: Matrix | None) -> dict[str, Any]:
    """A risk with its current level and its standing, to be shown."""
    level = risk.current
    return {
        "risk": risk,
        "level": {"label": matrix.label(level), "tone": matrix.tone(level)} if matrix and level is not None else None,
        "mark": MARKS.get(risk.standing, "not_observed"),
        "standing": str(Risk.Standing(risk.standing).label),
    }


def of_solution(request: Request, solution: Solution) -> Panel | None:
    if not may(request.user, "risk.view"):
        return None
    risks = Risk.objects.visible_to(request.user).added_by(request.moment.at).filter(solution=solution)
    adds = may(request.user, "risk.add") and request.moment.is_now
    return _panel(request, risks, solution=solution, adds=adds)


def of_control(request: Request, control: Control) -> Panel | None:
    if not may(request.user, "risk.view"):
        return None
    links = RiskControl.objects.in_force(request.moment.at).filter(control=control)
    seen = Risk.objects.visible_to(request.user).added_by(request.moment.at)
    return _panel(request, seen.filter(pk__in=links.values("risk")))


def of_check(request: Request, check: Check) -> Panel | None:
    if check.kind != Check.Kind.COMPLIANCE or not may(request.user, "risk.view"):
        return None
    groups = failing(request, Q(check_ran=check)) if acts(request) else []
    return _panel(request, concerned(check, "", request.user, request.moment), groups=groups)


def of_finding(request: Request, finding: Finding) -> Panel | None:
    """Those that its group shows, or that it is linked to by itself."""
    check = finding.check_ran
    if check.kind != Check.Kind.COMPLIANCE or not may(request.user, "risk.view"):
        return None
    groups = _groups_of(request, finding) if acts(request) else []
    risks = concerned(check, finding.account, request.user, request.moment, finding)
    return _panel(request, risks, groups=groups)


def acts(request: Request) -> bool:
    """Whether the reader may make risks of what fails; nobody acts in the past."""
    return may(request.user, "risk.change") and request.moment.is_now


def failing(request: Request, where: Q) -> list[dict[str, Any]]:
    """The groups in which something fails, the most first, by key. Three queries, however many they are."""
    found = tallies(
        request.user, request.moment, "check_ran", "account", "solutions", where=where & Q(suppressed=False)
    )
    solutions = solutions_of((key[2] for key in found if key[2]), request.user)
    names = account_names(key[1] for key in found)
    rows = [
        {
            "key": str(GroupKey(check, account, solution)),
            "solution": solutions[solution],
            "account": names.get(account, ""),
            "number": account,
            "failed": tally.failed,
        }
        for (check, account, solution), tally in found.items()
        if solution in solutions and tally.failed and account
    ]
    return sorted(rows, key=lambda one: (-one["failed"], one["solution"].name, one["number"]))


def _groups_of(request: Request, finding: Finding) -> list[dict[str, Any]]:
    """Of each solution that it belongs to, where it fails."""
    span = FindingSpan.objects.at(request.moment).filter(finding=finding, status=Status.FAIL).first()
    if span is None:
        return []
    where = Q(check_ran=span.check_ran_id, account=span.account, solutions__overlap=span.solutions)
    return [one for one in failing(request, where) if one["solution"].pk in span.solutions]


def _panel(request: Request, risks: RiskQuerySet, **more: Any) -> Panel | None:
    """None where there is nothing to say and nothing to do."""
    stood, matrix = _stood(request, risks.select_related("owner", "solution", "category"))
    worst = sorted(stood, key=lambda one: (-1 if one.current is None else one.current, one.pk), reverse=True)
    groups = more.pop("groups", [])
    if not worst and not groups and "solution" not in more:
        return None
    content = {
        "risks": [drawn(one, matrix) for one in worst[:SHOWN]],
        "more": max(len(worst) - SHOWN, 0),
        "n": len(worst),
        "groups": groups[:SHOWN],
        **more,
    }
    return Panel(TEMPLATE, content)


def _stood(request: Request, risks: RiskQuerySet) -> tuple[list[Risk], Matrix | None]:
    """The open ones of the moment."""
    moment = request.moment
    if moment.is_now:
        return list(risks.open()), Matrix.objects.in_force(moment.at)
    rules = Rules.at(moment.at)
    rows = list(risks)
    return _open(as_they_stood(rows, moment, rules, [one.pk for one in rows]), request), rules.matrix


def _open(risks: Iterable[Risk], request: Request) -> list[Risk]:
    return [one for one in risks if not one.is_closed(request.moment.at)]

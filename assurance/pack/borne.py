"""What is borne: exceptions in force, and the risks that the controls of a pack keep down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from assurance.pack.contents import ExceptionPart, RiskPart
from assurance.pack.scope import Scope
from audit.models import TrailEntry
from risks.models import Risk, RiskControl, RiskException, Treatment
from risks.rules import Rules
from risks.stood import as_they_stood


def exceptions_in_force(scope: Scope) -> list[RiskException]:
    """Of the pack's solutions, at its moment, with their checks. Two queries."""
    rows = RiskException.objects.live(scope.moment.at).filter(solution__in=scope.keys)
    return list(rows.prefetch_related("checks").order_by("pk"))


def exceptions_by_check(rows: Iterable[RiskException]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for one in rows:
        for check in one.checks.all():
            found[check.pk].append(one.public_id)
    return found


def exception_part(scope: Scope, one: RiskException) -> ExceptionPart:
    assert one.began_at
    return ExceptionPart(
        id=one.public_id,
        kind=str(one.get_kind_display()),
        reason=one.reason,
        asked_by=scope.name(one.asked_by_id),
        accepted_by=scope.name(one.accepted_by_id),
        concurred_by=scope.name(one.concurred_by_id),
        began_at=one.began_at,
        expires_at=one.expires_at,
        checks=sorted(check.key for check in one.checks.all()),
    )


def risks_of(scope: Scope, controls: Collection[int]) -> dict[int, list[int]]:
    """Control → the keys of the risks of the pack's solutions that it keeps down. One query."""
    rows = RiskControl.objects.in_force(scope.moment.at).filter(control__in=list(controls))
    found: dict[int, list[int]] = defaultdict(list)
    for control, risk in rows.order_by("control_id", "risk_id").values_list("control", "risk"):
        found[control].append(risk)
    return found


def risk_parts(scope: Scope, named: Collection[int], exceptions: Iterable[RiskException]) -> list[RiskPart]:
    """These, and those that the exceptions name, as they stood, without what was closed by then or is another's."""
    at = scope.moment.at
    borne = {one.risk_id for one in exceptions if one.risk_id}
    wanted = Risk.objects.added_by(at).filter(pk__in={*named, *borne}).order_by("pk")
    rules = Rules.at(at)
    rows = as_they_stood(wanted.select_related("solution", "category", "owner"), scope.moment, rules, None)
    kept = [one for one in rows if not one.is_closed(at) and one.solution_id in scope.keys]
    treated = _treatments(scope, kept)
    names = {one.pk: one.name for one in scope.solutions}
    return [
        RiskPart(
            id=one.public_id,
            title=one.title,
            solution=names[one.solution_id],
            owner=scope.name(one.owner_id),
            inherent=_label(rules, one.inherent),
            current=_label(rules, one.current),
            target=_label(rules, one.target),
            standing=str(one.get_standing_display()),
            treatment=treated.get(one.pk, ""),
        )
        for one in kept
    ]


def _label(rules: Rules, level: int | None) -> str:
    return str(rules.matrix.label(level)) if rules.matrix and level is not None else ""


def _treatments(scope: Scope, risks: Collection[Risk]) -> dict[int, str]:
    """What was done about each: strategy and plan as they stood."""
    at = scope.moment.at
    rows = list(Treatment.objects.filter(risk__in=[one.pk for one in risks], added_at__lte=at).order_by("pk"))
    was: dict[tuple[str, str], str] = {}
    since = TrailEntry.objects.filter(kind="treatment", at__gt=at, object_id__in=[one.public_id for one in rows])
    for entry in since.last_first():
        for name, (before, _after) in entry.detail.get("changed", {}).items():
            was[entry.object_id, name] = before
    found: dict[int, str] = {}
    for one in rows:
        if one.is_closed(at):
            continue
        strategy = was.get((one.public_id, "strategy"), one.strategy)
        plan = was.get((one.public_id, "plan"), one.plan)
        words = f"{Treatment.Strategy(strategy).label}: {plan}"
        found[one.risk_id] = f"{found[one.risk_id]}\n{words}" if one.risk_id in found else words
    return found

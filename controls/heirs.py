"""Which solutions inherit a control, and which could."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from audit import clock
from controls.models import Control, Inheritance
from organisation.models import Solution, User


@dataclass(frozen=True)
class Heirs:
    """Who inherits a control: those that the reader may see, and how many others."""

    named: list[Inheritance]
    others: int


def heirs(found: Control, user: User, at: datetime) -> Heirs:
    """Two queries, or none where nobody can inherit it."""
    if found.solution is None:
        return Heirs([], 0)
    every = list(found.inheritances.in_force(at).select_related("solution").order_by("solution__name"))
    seen = set(Solution.objects.visible_to(user).filter(pk__in=[one.solution_id for one in every])) if every else set()
    named = [one for one in every if one.solution in seen]
    return Heirs(named, len(every) - len(named))


def could_inherit(control: Control) -> QuerySet[Solution]:
    """In use, and neither the one that operates it nor one that inherits it already."""
    at = clock.now()
    held = control.inheritances.not_ended(at).values("solution_id")
    return Solution.objects.in_use(at).exclude(pk__in=held).exclude(pk=control.solution_id or 0).order_by("name")

"""Who is asked for evidence, and whose line settles what was asked."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from controls.models import Control
from organisation.models import Grant, Role, Solution, User
from organisation.models.person import RoleAssignment

ASKERS = (Role.SECOND.value, Role.THIRD.value, Role.EXTERNAL.value)


def answerers(solution: Solution | None, control: Control | None, at: datetime) -> QuerySet[User]:
    """Who may be asked: of the first line with a grant for the solution, the control's owner, or the second line."""
    people = User.objects.active()
    first, second = people.with_role(Role.FIRST, at).values("pk"), people.with_role(Role.SECOND, at).values("pk")
    asked = Q(pk__in=second)
    place = solution or (control.solution if control else None)
    if place:
        granted = Grant.objects.in_force(at).filter(solution=place).values("person")
        asked |= Q(pk__in=first) & Q(pk__in=granted)
    if control:
        asked |= Q(pk=control.owner_id) & Q(pk__in=first)
    found: QuerySet[User] = people.filter(asked).order_by("name", "pk")
    return found


def everybody_asked(solutions: frozenset[int] | None, at: datetime) -> QuerySet[User]:
    """Who may be asked of anything in these solutions; None for all of them."""
    people = User.objects.active()
    first, second = people.with_role(Role.FIRST, at).values("pk"), people.with_role(Role.SECOND, at).values("pk")
    asked = Q(pk__in=first)
    if solutions is not None:
        asked &= Q(pk__in=Grant.objects.in_force(at).filter(solution__in=solutions).values("person"))
    found: QuerySet[User] = people.filter(asked | Q(pk__in=second)).order_by("name", "pk")
    return found


def line_at(person: User, at: datetime) -> set[str]:
    """The lines from which this person may have asked at a moment."""
    held = RoleAssignment.objects.in_force(at).filter(person=person, role__in=ASKERS)
    return set(held.values_list("role", flat=True))

"""Who may accept how much risk, as the governing body decided."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from organisation.models import Role, Solution, User
from risks.levels import reads_as
from risks.models import Authority, Matrix


def may_accept(person: User, solution: Solution, level: int, matrix: Matrix, at: datetime) -> bool:
    """Whether an authority in force reaches this level, a level of `matrix`, in this solution."""
    return person.pk in {one.pk for one in who_may_accept(solution, level, matrix, at)}


def who_may_accept(solution: Solution, level: int, matrix: Matrix, at: datetime) -> list[User]:
    """Those who may, by name: active people of the first line with an authority for it."""
    people = User.objects.active().with_role(Role.FIRST, at)
    rows = Authority.objects.in_force(at).filter(Q(solution=None) | Q(solution=solution), person__in=people)
    may = set()
    for one in rows.select_related("person", "matrix"):
        read = reads_as(one.level, one.matrix, matrix)
        if read is not None and read >= level:
            may.add(one.person)
    return sorted(may, key=lambda one: (one.name.casefold(), one.pk))

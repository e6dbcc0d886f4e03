"""What awaits a person on this floor: tests of the controls that they answer for."""

from __future__ import annotations

from datetime import datetime

from controls.due import Due, dues
from controls.models import Control
from organisation.models import User
from organisation.standing_in import people

Awaited = tuple[Control, Due]


def awaiting(user: User, at: datetime) -> list[Awaited]:
    """Theirs, and those of whom they stand in for. Four queries, or two."""
    return tests_of(people(user), at)


def tests_of(owners: list[User], at: datetime) -> list[Awaited]:
    """Their manual controls whose next test is overdue or due soon, the first due first. Three queries, or one."""
    mine = Control.objects.in_use(at).manual().owned_by(owners).select_related("solution")
    controls = {one.pk: one for one in mine}
    due = dues(list(controls.values()), at)
    found = [(controls[key], one) for key, one in due.items() if one.is_overdue or one.is_soon]
    return sorted(found, key=lambda one: (one[1].at, one[0].name))

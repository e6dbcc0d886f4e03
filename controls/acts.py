"""What people did to a control, field by field."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit import history as kept
from audit.history import Act, Telling, rows_named, standing_in
from audit.models import TrailEntry
from controls.models import Control
from controls.models.control import WRITTEN
from organisation.models import Solution, User

WORDS = {
    "control.added": _("added it"),
    "control.changed": _("changed it"),
    "control.retired": _("retired it"),
    "control.reopened": _("re-opened it"),
    "control.inherited": _("let a solution inherit it"),
    "control.inheritance_ended": _("ended an inheritance"),
}
ANOTHER = _("another solution")
INHERITING = {"control.inherited", "control.inheritance_ended"}


def history(control: Control, user: User, at: datetime) -> list[Act]:
    """Everything that was done to it by a moment, the latest first. Three queries at most.

    A solution that the reader may not see is not named, but for the one that operates the control.
    """
    entries = kept.entries_of(control, at)
    names = _names(entries, user)
    if control.solution:
        names[control.solution.public_id] = control.solution.name
    telling = Telling(
        Control,
        WORDS,
        WRITTEN,
        shown=lambda name, value: shown(name, value, names),
        about=lambda entry: names.get(entry.detail["solution"], ANOTHER) if entry.action in INHERITING else "",
    )
    return telling.acts(entries)


def label_of(name: str) -> str:
    return kept.label_of(Control, name)


def shown(name: str, value: Any, names: dict[str, str]) -> str | Promise:
    """A value as the trail keeps it, in words."""
    if name == "solution" and value is None:
        return _("every solution")
    if name in ("solution", "owner"):
        return names.get(value, ANOTHER)
    return kept.in_words(Control, name, value)


def _names(entries: Iterable[TrailEntry], user: User) -> dict[str, str]:
    """The names of the people and solutions that stand in these entries, by public id."""
    entries = list(entries)
    stood = standing_in(entries, ("owner", "solution"))
    stood |= {entry.detail["solution"] for entry in entries if entry.action in INHERITING}
    found = rows_named(User.objects.all(), stood) | rows_named(Solution.objects.visible_to(user), stood)
    return {public_id: one.name for public_id, one in found.items()}

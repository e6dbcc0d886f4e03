"""What people did to a control, field by field: read from the trail, which nobody can edit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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


@dataclass(frozen=True)
class Change:
    """before is empty where the field had no value yet."""

    label: str
    before: str | Promise
    after: str | Promise


@dataclass(frozen=True)
class Act:
    at: datetime
    who: str
    words: str | Promise
    because: str = ""
    solution: str | Promise = ""
    changes: list[Change] = field(default_factory=list)


def history(control: Control, user: User, at: datetime) -> list[Act]:
    """Everything that was done to it by a moment, the latest first. Three queries at most.

    A solution that the reader may not see is not named, but for the one that operates the control.
    """
    entries = list(TrailEntry.objects.about("control", control.public_id).filter(at__lte=at).last_first())
    names = _names(entries, user)
    if control.solution:
        names[control.solution.public_id] = control.solution.name
    return [_act(entry, names) for entry in entries if entry.action in WORDS]


def _act(entry: TrailEntry, names: dict[str, str]) -> Act:
    told = entry.detail
    changed = told.get("changed", {})
    return Act(
        at=entry.at,
        who=entry.actor_name,
        words=WORDS[entry.action],
        because=told.get("because", ""),
        solution=names.get(told["solution"], ANOTHER) if entry.action in INHERITING else "",
        changes=[
            Change(label_of(name), *(shown(name, value, names) for value in changed[name]))
            for name in WRITTEN
            if name in changed
        ],
    )


ANOTHER = _("another solution")
INHERITING = {"control.inherited", "control.inheritance_ended"}


def label_of(name: str) -> str:
    """Of a field of a control, as its form has it: with a capital."""
    words = str(_field(name).verbose_name)
    return words[:1].upper() + words[1:]


def _field(name: str) -> Any:
    return Control._meta.get_field(name)


def shown(name: str, value: Any, names: dict[str, str]) -> str | Promise:
    """A value as the trail keeps it, in words."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "solution" and value is None:
        return _("every solution")
    if name in ("solution", "owner"):
        return names.get(value, ANOTHER)
    return dict(_field(name).choices or {}).get(value, value) or ""


def _names(entries: Iterable[TrailEntry], user: User) -> dict[str, str]:
    """The names of the people and solutions that stand in these entries, by public id."""
    stood: set[str] = set()
    for entry in entries:
        pairs = [pair for name, pair in entry.detail.get("changed", {}).items() if name in ("owner", "solution")]
        stood.update(one for pair in pairs for one in pair if one)
        if entry.action in INHERITING:
            stood.add(entry.detail["solution"])
    sets: tuple[Any, ...] = (User.objects.all(), Solution.objects.visible_to(user))
    found: dict[str, str] = {}
    for rows in sets:
        keys = [rows.model.key_of(one) for one in stood if one.startswith(f"{rows.model.public_prefix}-")]
        found |= {one.public_id: one.name for one in rows.filter(pk__in=keys)} if keys else {}
    return found

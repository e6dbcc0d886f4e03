"""What people did to a row, field by field: read from the trail, which nobody can edit.

A verb that changes a row records `changed={field: [before, after]}`, and `because` where it was told why; a reference
to another row stands there by its public id. A floor says in a `Telling` how its model's acts are told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.models import TrailEntry

Words = str | Promise


@dataclass(frozen=True)
class Change:
    """before is empty where the field had no value yet."""

    label: str
    before: Words
    after: Words


@dataclass(frozen=True)
class Act:
    """about: what else it has to do with, e.g. the solution that inherits."""

    at: datetime
    who: str
    words: Words
    because: str = ""
    about: Words = ""
    changes: list[Change] = field(default_factory=list)


def nothing_else(entry: TrailEntry) -> Words:
    return ""


@dataclass(frozen=True)
class Telling:
    """How the acts on a model's rows are told.

    words: an action → what somebody did ("changed it"); what is not named is not told. fields: those that people
    write, in the order in which they are told. shown(field, value): a value as the trail keeps it, in words.
    """

    model: type[Model]
    words: Mapping[str, Words]
    fields: Collection[str]
    shown: Callable[[str, Any], Words]
    about: Callable[[TrailEntry], Words] = nothing_else

    def acts(self, entries: Iterable[TrailEntry]) -> list[Act]:
        return [self._act(entry) for entry in entries if entry.action in self.words]

    def _act(self, entry: TrailEntry) -> Act:
        changed = entry.detail.get("changed", {})
        return Act(
            at=entry.at,
            who=entry.who,
            words=self.words[entry.action],
            because=entry.detail.get("because", ""),
            about=self.about(entry),
            changes=[
                Change(label_of(self.model, name), *(self.shown(name, value) for value in changed[name]))
                for name in self.fields
                if name in changed
            ],
        )


def entries_of(row: Any, at: datetime) -> list[TrailEntry]:
    """What was done to a row with a public id by a moment, the latest first. One query."""
    told = TrailEntry.objects.about(str(row._meta.model_name), row.public_id)
    return list(told.filter(at__lte=at).last_first())


def changed_in(entry: TrailEntry) -> list[tuple[str, Any, Any]]:
    """What one act changed, as the trail keeps it: field, before, after."""
    changed = entry.detail.get("changed")
    if not isinstance(changed, dict):
        return []
    return [(name, *pair) for name, pair in changed.items() if isinstance(pair, list) and len(pair) == 2]


def label_of(model: type[Model], name: str) -> str:
    """Of a field, as its form has it: with a capital."""
    words = str(_field(model, name).verbose_name)
    return words[:1].upper() + words[1:]


def in_words(model: type[Model], name: str, value: Any) -> Words:
    """A value as the trail keeps it: yes or no, the label of a choice, else as it stands; empty for none."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    choices: dict[Any, Words] = dict(_field(model, name).choices or {})
    return choices.get(value, value) or ""


def _field(model: type[Model], name: str) -> Any:
    return model._meta.get_field(name)


def standing_in(entries: Iterable[TrailEntry], names: Collection[str]) -> set[str]:
    """The public ids that stand in these fields of what was changed."""
    pairs = [pair for entry in entries for name, pair in entry.detail.get("changed", {}).items() if name in names]
    return {one for pair in pairs for one in pair if one}


def rows_named(rows: Any, public_ids: Collection[str]) -> dict[str, Any]:
    """The rows of a queryset by their public ids, as far as these are of its model. One query, or none."""
    model = rows.model
    keys = [model.key_of(one) for one in public_ids if one.startswith(f"{model.public_prefix}-")]
    return {one.public_id: one for one in rows.filter(pk__in=keys)} if keys else {}

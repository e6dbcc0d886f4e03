"""Rows as they were at a moment: what people changed since then is taken back, by the trail of what they did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model

from audit.history import rows_named
from audit.models import TrailEntry

Row = TypeVar("Row", bound=Model)


def nothing_more(row: Any, entry: TrailEntry) -> None:
    pass


def as_they_were(
    rows: Iterable[Row],
    at: datetime,
    *,
    references: Mapping[str, type[Model]] | None = None,
    also: Callable[[Row, TrailEntry], None] = nothing_more,
) -> list[Row]:
    """The same rows with the values that they had then; nothing is saved. A query, and one for each kind of reference.

    Their model's verbs record `changed` (see audit.history). references: a field → the model whose rows stand in it by
    public id. also: takes back what else an entry tells, from the latest to the earliest.
    """
    found = list(rows)
    if not found:
        return found
    by_id: dict[str, Row] = {one.public_id: one for one in found}  # type: ignore[attr-defined]
    since = TrailEntry.objects.filter(kind=str(found[0]._meta.model_name), at__gt=at, object_id__in=by_id)
    entries = list(since.last_first())
    named = {name: _befores(entries, name, model) for name, model in (references or {}).items()}
    for entry in entries:
        row = by_id[entry.object_id]
        for name, (before, _after) in entry.detail.get("changed", {}).items():
            setattr(row, name, _value(row, name, before, named))
        also(row, entry)
    return found


def _befores(entries: Iterable[TrailEntry], name: str, model: type[Model]) -> dict[str, Any]:
    """The rows that stood in a field before these changes, by their public ids."""
    pairs = [entry.detail["changed"][name] for entry in entries if name in entry.detail.get("changed", {})]
    return rows_named(model._default_manager.all(), {before for before, _after in pairs if before})


def _value(row: Model, name: str, before: Any, named: Mapping[str, Mapping[str, Any]]) -> Any:
    """As the field has it: a day or a moment is text in the trail."""
    if name in named:
        return named[name][before] if before else None
    field: Any = row._meta.get_field(name)
    return field.to_python(before)

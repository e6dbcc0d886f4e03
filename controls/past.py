"""Controls as they were at a moment: what people changed since then is taken back, by the trail of what they did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from audit.models import TrailEntry
from controls.models import Control
from organisation.models import Solution, User


def as_they_were(controls: Iterable[Control], at: datetime) -> list[Control]:
    """The same rows with the values that they had then; nothing is saved. One query, or three."""
    rows = list(controls)
    by_id = {one.public_id: one for one in rows}
    since = TrailEntry.objects.filter(
        kind="control", at__gt=at, action__in=["control.changed", "control.reopened"], object_id__in=by_id
    )
    entries = list(since.order_by("-id"))
    named = _named(entries)
    for entry in entries:
        control = by_id[entry.object_id]
        if was := entry.detail.get("was_retired"):
            control.retired_at = datetime.fromisoformat(was["at"])
            control.retired_by, control.retired_because = was["by"], was["because"]
        for name, (before, _after) in entry.detail.get("changed", {}).items():
            kept: dict[str, Any] | None = named.get(name)
            setattr(control, name, kept[before] if kept and before else before)
    return rows


def _named(entries: Iterable[TrailEntry]) -> dict[str, dict[str, Any]]:
    """Field → the people or solutions that stood in it before these changes, by their public ids."""
    stood: dict[str, set[str]] = {"owner": set(), "solution": set()}
    for entry in entries:
        for name, (before, _after) in entry.detail.get("changed", {}).items():
            if name in stood and before:
                stood[name].add(before)
    return {"owner": _rows(User, stood["owner"]), "solution": _rows(Solution, stood["solution"])}


def _rows(model: Any, public_ids: set[str]) -> dict[str, Any]:
    found = model.objects.filter(pk__in=[model.key_of(one) for one in public_ids]) if public_ids else []
    return {one.public_id: one for one in found}

"""Risks as they were at a moment: what people changed since then is taken back, by the trail of what they did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from audit.models import TrailEntry
from organisation.models import Solution, User
from risks.models import Category, Risk

ROWS: dict[str, Any] = {"solution": Solution, "category": Category, "owner": User}


def as_they_were(risks: Iterable[Risk], at: datetime) -> list[Risk]:
    """The same rows with the values that they had then; nothing is saved. Two queries, and one for each kind of row."""
    rows = list(risks)
    by_id = {one.public_id: one for one in rows}
    since = TrailEntry.objects.filter(kind="risk", at__gt=at, action__in=["risk.changed", "risk.reopened"])
    entries = [one for one in since.order_by("-id") if one.object_id in by_id]
    changes = [(by_id[one.object_id], one.detail) for one in entries]
    named = {name: _rows(model, name, [told for _risk, told in changes]) for name, model in ROWS.items()}
    for risk, told in changes:
        if was := told.get("was_closed"):
            risk.closed_at = datetime.fromisoformat(was["at"])
        for name, (before, _after) in told.get("changed", {}).items():
            setattr(risk, name, named[name][before] if name in named else before)
    return rows


def _rows(model: Any, name: str, told: list[dict[str, Any]]) -> dict[str, Any]:
    stood = {one["changed"][name][0] for one in told if name in one.get("changed", {})}
    found = model.objects.filter(pk__in=[model.key_of(one) for one in stood]) if stood else []
    return {one.public_id: one for one in found}

"""Risks as they were at a moment: what people changed since then is taken back, by the trail of what they did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from audit.history import rows_named
from audit.models import TrailEntry
from organisation.models import Solution, User
from risks.models import Category, Risk

ROWS: dict[str, Any] = {"solution": Solution, "category": Category, "owner": User}
ACTIONS = ("risk.changed", "risk.reviewed", "risk.taken_back", "risk.closure_declined", "risk.reopened")
FEW = 100
"""Up to so many are looked up by their ids: beyond, what was done to all of them is read."""


def as_they_were(risks: Iterable[Risk], at: datetime) -> list[Risk]:
    """The same rows with the values that they had then; nothing is saved. One query, and one for each kind of row."""
    rows = list(risks)
    by_id = {one.public_id: one for one in rows}
    since = TrailEntry.objects.filter(kind="risk", at__gt=at, action__in=ACTIONS)
    if len(rows) <= FEW:
        since = since.filter(object_id__in=by_id)
    entries = [one for one in since.order_by("-id") if one.object_id in by_id]
    named = {name: _befores(entries, name, model) for name, model in ROWS.items()}
    people = _proposers(entries)
    for entry in entries:
        risk, told = by_id[entry.object_id], entry.detail
        if "proposed_by" in told:
            _propose_again(risk, told, people)
        for name, (before, _after) in told.get("changed", {}).items():
            kept = named[name].get(before) if name in named else Risk._meta.get_field(name).to_python(before)  # type: ignore[union-attr]
            setattr(risk, name, kept)
    for risk in rows:
        if risk.closed_at and risk.closed_at > at:
            risk.closed_at, risk.closed_by = None, None
        if risk.closure_proposed_at and risk.closure_proposed_at > at:
            risk.closure_proposed_at, risk.closure_proposed_by, risk.closure_because = None, None, ""
    return rows


def _propose_again(risk: Risk, told: dict[str, Any], people: dict[str, User]) -> None:
    """As it stood before its closing was sent back, or it was reopened."""
    risk.closure_proposed_at = _moment(told.get("proposed_at") or told.get("closed_at"))
    risk.closure_proposed_by, risk.closure_because = people.get(told["proposed_by"]), told["proposed_because"]
    risk.closed_at, risk.closed_by = _moment(told["closed_at"]), people.get(told["closed_by"] or "")


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None


def _proposers(entries: Iterable[TrailEntry]) -> dict[str, User]:
    stood = {entry.detail.get(name) for entry in entries for name in ("proposed_by", "closed_by")}
    return rows_named(User.objects.all(), {one for one in stood if one})


def _befores(entries: Iterable[TrailEntry], name: str, model: Any) -> dict[str, Any]:
    stood = {told["changed"][name][0] for entry in entries if name in (told := entry.detail).get("changed", {})}
    return rows_named(model.objects.all(), {one for one in stood if one})

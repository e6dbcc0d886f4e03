"""Mappings as lines of a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as word

from controls.ends import Choice
from controls.mapping_listing import Row, names_of
from controls.models import Mapping
from findings.models import Source

HEAD = (
    word("Id"),
    word("Between"),
    word("Framework"),
    word("Requirement id"),
    word("Requirement"),
    word("Requirement title"),
    word("Control id"),
    word("Control"),
    word("Check source"),
    word("Check"),
    word("Check title"),
    word("Other framework"),
    word("Other requirement id"),
    word("Other requirement"),
    word("Type"),
    word("Type as published"),
    word("State"),
    word("Drift"),
    word("Said by"),
    word("Named as"),
    word("Rationale"),
    word("Proposed at"),
    word("Approved by"),
    word("Approved at"),
    word("Approved because"),
    word("Ended by"),
    word("Ended at"),
    word("Ended because"),
)


def lines(rows: Iterable[Row], at: datetime) -> list[tuple[str, ...]]:
    found = list(rows)
    people = names_of(who for row in found for who in (row.mapping.approved_by, row.mapping.ended_by) if who)
    kinds = (Mapping.Pair, Mapping.Relation, Mapping.State, Source)
    words = {str(value): str(label) for kind in kinds for value, label in kind.choices}
    return [_line(row, people, words, at) for row in found]


def _line(row: Row, people: dict[str, str], words: dict[str, str], at: datetime) -> tuple[str, ...]:
    one = row.mapping
    approved = bool(one.approved_at and one.approved_at <= at)
    ended = bool(one.ended_at and one.ended_at <= at)
    asks = row.asks if one.requirement_id else None
    other = row.shows if one.other_id else None
    return (
        one.public_id,
        words[one.pair],
        *_requirement(asks),
        asks.title if asks else "",
        one.control.public_id if one.control else "",
        one.control.name if one.control else "",
        words[one.check_named.source] if one.check_named else "",
        one.check_named.key if one.check_named else "",
        row.check.title if row.check else "",
        *_requirement(other),
        words[row.relation],
        words[one.stated_relation] if one.stated_relation else "",
        words[row.state],
        ", ".join(row.drift),
        row.source,
        one.named,
        one.rationale,
        _when(one.proposed_at),
        people[one.approved_by] if approved else "",
        _when(one.approved_at) if approved else "",
        one.approved_because if approved else "",
        people[one.ended_by] if ended else "",
        _when(one.ended_at) if ended else "",
        one.ended_because if ended else "",
    )


def _requirement(one: Choice | None) -> tuple[str, str, str]:
    return (str(one.of), one.value, one.name) if one else ("", "", "")


def _when(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""

"""Figures and moments as the report writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day(one: date) -> str:
    return f"{one.day} {MONTHS[one.month - 1]} {one.year}"


def moment(one: datetime) -> str:
    there = one.astimezone(UTC)
    return f"{day(there)}, {there:%H:%M} UTC"


def span(begin: datetime, end: datetime) -> str:
    """A moment where both are the same."""
    return moment(begin) if begin == end else f"{moment(begin)} to {moment(end)}"


def hours(one: float | None) -> str:
    """Empty where nobody measured it."""
    return "" if one is None else f"{one:,.1f}".removesuffix(".0") + " h"


def size(of: int) -> str:
    return f"{of:,} B" if of < 1_000 else f"{of / 1_000:,.1f} kB" if of < 1_000_000 else f"{of / 1_000_000:,.1f} MB"


def counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def rows(first: int, last: int, file: str) -> str:
    return f"row {first} of {file}" if first == last else f"rows {first}–{last} of {file}"


def listed(some: Sequence[str]) -> str:
    return ", ".join(some)


def more(number: int, shown: int, file: str) -> str:
    """Of so many lines; empty where all are shown. Rows are counted as in the file, whose heading is row 1."""
    return f"and {number - shown:,} more: {rows(shown + 2, number + 1, file)}" if number > shown else ""

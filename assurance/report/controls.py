"""A control as the report tells it: once, in full."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assurance.pack.contents import CheckPart, Contents, ControlPart, Failure, TestPart
from assurance.report import words
from assurance.report.places import Places

FAILURES = "csv/failures.csv"
FAILURES_SHOWN = 3
"""Of a check."""
EVIDENCE_NAMED = 8
"""Of a control; csv/evidence.csv tells of every piece which controls it belongs to."""


def controls(contents: Contents, places: Places, order: Iterable[str]) -> dict[str, Any]:
    """By public id. order: in which they are told; the first that a check belongs to lists its failures."""
    by_id = {one.id: one for one in contents.controls}
    first: dict[str, str] = {}
    for key in order:
        for check in by_id[key].checks:
            first.setdefault(check.id, key)
    return {key: _control(one, places, first) for key, one in by_id.items()}


def _control(one: ControlPart, places: Places, first: dict[str, str]) -> dict[str, Any]:
    at = words.moment(one.concluded_at) if one.concluded_at else ""
    told = [word for word in (one.kind, one.method, one.frequency) if word]
    return {
        "id": one.id,
        "anchor": places.of(one.id),
        "name": one.name,
        "status_key": one.status_key,
        "status": one.status,
        "told": " · ".join([*told, f"owner {one.owner}" if one.owner else "no owner"]),
        "objective": one.objective,
        "procedure": one.procedure,
        "concluded": f"{one.concluded}, by {one.concluded_by}, {at}" if one.concluded else "",
        "checks": [_check(check, one.id, first[check.id]) for check in one.checks],
        "tests": [_test(test) for test in one.tests],
        "evidence": places.references(one.evidence[:EVIDENCE_NAMED]),
        "evidence_more": max(0, len(one.evidence) - EVIDENCE_NAMED),
        "exceptions": places.references(one.exceptions),
        "risks": places.references(one.risks),
    }


def _check(one: CheckPart, control: str, first: str) -> dict[str, Any]:
    """first: the control under which its failures are listed."""
    shown = [_failure(failure) for failure in one.failures[:FAILURES_SHOWN]] if control == first else []
    return {
        "key": one.key,
        "title": one.title,
        "figures": _figures(one),
        "failures": shown,
        "more": _more(one, len(shown), "" if control == first else first),
    }


def _figures(one: CheckPart) -> list[list[str]]:
    """Of its population: a status to mark and words. What is nought is said too, and not marked."""
    told = (
        ("passing", one.passing, f"{one.passing:,} pass"),
        ("failing", one.failing, f"{one.failing:,} fail"),
        ("failing", one.accepted, f"{one.accepted:,} fail, accepted"),
        ("unknown", one.unknown, f"{one.unknown:,} unknown"),
    )
    of = words.counted(one.population, "result", "results")
    return [["", of], *([status if number else "", text] for status, number, text in told)]


def _more(one: CheckPart, shown: int, elsewhere: str) -> str:
    """The failures that are not shown: how many, and where the CSV has them, one after another.

    elsewhere: the control that lists the first of them.
    """
    number = one.failing + one.accepted
    if number <= shown:
        return ""
    if not one.failures:
        return f"{number:,} in {FAILURES}"
    begins = one.failures[0].csv_row
    rows = words.rows(begins + shown, begins + number - 1, FAILURES)
    if elsewhere:
        return f"Failures: {rows}, the first of them under {elsewhere}"
    return f"and {number - shown:,} more: {rows}"


def _failure(one: Failure) -> list[str]:
    """resource, place, severity, since, and who accepted it."""
    place = " · ".join(word for word in (one.account, one.region) if word)
    return [one.resource, place, one.severity, words.day(one.since), one.accepted_by]


def _test(one: TestPart) -> dict[str, Any]:
    figures = [
        ["Items", f"{one.items:,}"],
        ["Deviations", f"{one.deviations:,}"],
        ["of them missing evidence", f"{one.missing:,}"],
        ["Unobserved", words.hours(one.unobserved_hours)],
    ]
    return {
        "id": one.id,
        "kind": one.kind,
        "procedure": one.procedure,
        "population": one.population,
        "population_sha256": one.population_sha256,
        "sample": one.sample,
        "figures": [figure for figure in figures if figure[1]],
        "conclusion": one.conclusion,
        "because": one.because,
        "prepared": f"{one.prepared_by}, {words.moment(one.prepared_at)}",
        "reviewed": f"{one.reviewed_by}, {words.moment(one.reviewed_at)}",
    }

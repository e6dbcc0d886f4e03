"""A control as the report tells it: once, in full."""

from __future__ import annotations

from typing import Any

from assurance.pack.contents import CheckPart, Contents, ControlPart, Failure, TestPart
from assurance.report import words
from assurance.report.places import Places

FAILURES = "csv/failures.csv"
FAILURES_SHOWN = 3
"""Of a check."""
EVIDENCE_NAMED = 8
"""Of a control; csv/evidence.csv tells of every piece which controls it belongs to."""


def controls(contents: Contents, places: Places) -> dict[str, Any]:
    """By public id."""
    return {one.id: _control(one, places) for one in contents.controls}


def _control(one: ControlPart, places: Places) -> dict[str, Any]:
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
        "checks": [_check(check) for check in one.checks],
        "tests": [_test(test) for test in one.tests],
        "evidence": places.references(one.evidence[:EVIDENCE_NAMED]),
        "evidence_more": max(0, len(one.evidence) - EVIDENCE_NAMED),
        "exceptions": places.references(one.exceptions),
        "risks": places.references(one.risks),
    }


def _check(one: CheckPart) -> dict[str, Any]:
    figures = (one.population, one.passing, one.failing, one.accepted, one.unknown)
    return {
        "key": one.key,
        "title": one.title,
        "figures": [f"{figure:,}" for figure in figures],
        "failures": [_failure(failure) for failure in one.failures[:FAILURES_SHOWN]],
        "more": _more(one),
    }


def _more(one: CheckPart) -> str:
    """The failures that are not shown: how many, and where the CSV has them, one after another."""
    number, shown = one.failing + one.accepted, len(one.failures[:FAILURES_SHOWN])
    if number <= shown:
        return ""
    if not shown:
        return f"{number:,} in {FAILURES}"
    first = one.failures[0].csv_row
    return f"and {number - shown:,} more: {words.rows(first + shown, first + number - 1, FAILURES)}"


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

"""The contents of a pack as tables: one a kind of thing, the same rows in the workbook and in the CSVs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from assurance.pack.contents import Contents

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """name: of its CSV. rows: read again whenever they are asked for."""

    name: str
    title: str
    headings: Sequence[str]
    rows: Callable[[], Iterable[Sequence[Cell]]]


def tables(contents: Contents) -> list[Table]:
    """In the order in which people look for them."""
    return [
        Table("requirements", "Requirements", REQUIREMENTS, lambda: _requirements(contents)),
        Table("controls", "Controls", CONTROLS, lambda: _controls(contents)),
        Table("checks", "Checks", CHECKS, lambda: _checks(contents)),
        Table("tests", "Tests", TESTS, lambda: _tests(contents)),
        Table("audit_findings", "Audit findings", FINDINGS, lambda: _audit_findings(contents)),
        Table("evidence", "Evidence", EVIDENCE, lambda: _evidence(contents)),
        Table("exceptions", "Exceptions", EXCEPTIONS, lambda: _exceptions(contents)),
        Table("risks", "Risks", RISKS, lambda: _risks(contents)),
        Table("provider_reports", "Provider reports", REPORTS, lambda: _provider_reports(contents)),
        Table("coverage", "Coverage", COVERAGE, lambda: _coverage(contents)),
    ]


REQUIREMENTS = (
    "id", "key", "title", "section", "status", "responsibility", "controls", "relations", "checks", "provider_reports",
)  # fmt: skip
CONTROLS = (
    "id", "name", "objective", "type", "method", "frequency", "owner", "how_tested", "status", "concluded",
    "concluded_by", "concluded_at", "checks", "tests", "evidence", "exceptions", "risks",
)  # fmt: skip
CHECKS = ("id", "key", "title", "control", "population", "passing", "failing", "accepted", "unknown", "first_row")
TESTS = (
    "id", "control", "kind", "procedure", "population", "population_sha256", "sample", "items", "deviations", "missing",
    "unobserved_hours", "conclusion", "because", "prepared_by", "prepared_at", "reviewed_by", "reviewed_at",
)  # fmt: skip
FINDINGS = (
    "id", "title", "rating", "control", "condition", "criteria", "cause", "effect", "recommendation", "response",
    "owner", "agreed_on", "state", "compared",
)  # fmt: skip
EVIDENCE = (
    "id", "title", "kind", "source", "captured_at", "effective_from", "effective_to", "sha256", "size", "media_type",
    "file", "why_not_embedded",
)  # fmt: skip
EXCEPTIONS = ("id", "kind", "reason", "asked_by", "accepted_by", "concurred_by", "began_at", "expires_at", "checks")
RISKS = ("id", "title", "solution", "owner", "inherent", "current", "target", "standing", "treatment")
REPORTS = ("id", "name", "kind", "period_from", "period_to", "sha256", "read_by", "exceptions")
COVERAGE = ("account", "region", "source", "state", "reason", "since", "unobserved_hours")


def told(value: object) -> Cell:
    """A cell: moments as RFC 3339 in UTC, lists joined, nothing where there is nothing."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    if value is None:
        return ""
    return value if isinstance(value, int | float) else str(value)


def _row(*values: object) -> list[Cell]:
    return [told(one) for one in values]


def _of(row: object, names: Sequence[str]) -> list[Cell]:
    return [told(getattr(row, name)) for name in names]


def _requirements(contents: Contents) -> Iterator[list[Cell]]:
    for one in contents.requirements:
        mapped = [[mapping.control for mapping in one.controls], [mapping.relation for mapping in one.controls]]
        said = (one.id, one.key, one.title, one.section, one.status, one.responsibility)
        yield _row(*said, *mapped, one.checks, one.provider_reports)


def _controls(contents: Contents) -> Iterator[list[Cell]]:
    for one in contents.controls:
        said = (one.id, one.name, one.objective, one.kind, one.method, one.frequency, one.owner, one.procedure)
        concluded = (one.status, one.concluded, one.concluded_by, one.concluded_at)
        shown = ([check.id for check in one.checks], [test.id for test in one.tests])
        yield _row(*said, *concluded, *shown, one.evidence, one.exceptions, one.risks)


def _checks(contents: Contents) -> Iterator[list[Cell]]:
    """Once for each control that it belongs to."""
    belong = [(control.id, check) for control in contents.controls for check in control.checks]
    for control, one in [*belong, *(("", check) for check in contents.checks)]:
        first = one.failures[0].csv_row if one.failures else ""
        counts = (one.population, one.passing, one.failing, one.accepted, one.unknown)
        yield _row(one.id, one.key, one.title, control, *counts, first)


def _tests(contents: Contents) -> Iterator[list[Cell]]:
    for control in contents.controls:
        for one in control.tests:
            yield [one.id, control.id, *_of(one, TESTS[2:])]


def _audit_findings(contents: Contents) -> Iterator[list[Cell]]:
    return (_of(one, FINDINGS) for one in contents.audit_findings)


def _evidence(contents: Contents) -> Iterator[list[Cell]]:
    return (_of(one, EVIDENCE) for one in contents.evidence)


def _exceptions(contents: Contents) -> Iterator[list[Cell]]:
    return (_of(one, EXCEPTIONS) for one in contents.exceptions)


def _risks(contents: Contents) -> Iterator[list[Cell]]:
    return (_of(one, RISKS) for one in contents.risks)


def _provider_reports(contents: Contents) -> Iterator[list[Cell]]:
    return (_of(one, REPORTS) for one in contents.provider_reports)


def _coverage(contents: Contents) -> Iterator[list[Cell]]:
    return (_of(one, COVERAGE) for one in contents.coverage)

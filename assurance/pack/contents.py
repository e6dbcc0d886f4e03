"""What a pack says, gathered once: plain values, so that report, workbook, CSVs and OSCAL say the same.

Every moment is UTC, every id a public id. Words are in the auditor's language. Lists are in a fixed order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True)
class Named:
    id: str
    name: str


@dataclass(frozen=True)
class CoverageLine:
    """One place and source. unobserved_hours: of the period, in which nothing was known there."""

    account: str
    region: str
    source: str
    state: str
    reason: str
    since: datetime
    unobserved_hours: float


@dataclass(frozen=True)
class Failure:
    """csv_row: its row in failures.csv, the heading being row 1."""

    resource: str
    account: str
    region: str
    severity: str
    since: datetime
    accepted_by: str
    csv_row: int


@dataclass(frozen=True)
class CheckPart:
    """One check of a control: its figures at the pack's moment. population = passing + failing + accepted + unknown.

    failures: the first few; failing + accepted say how many there are.
    """

    id: str
    key: str
    title: str
    population: int
    passing: int
    failing: int
    accepted: int
    unknown: int
    failures: list[Failure] = field(default_factory=list)


@dataclass(frozen=True)
class TestPart:
    """A working paper as it was reviewed. sample, population: in words; empty where the test has none."""

    id: str
    kind: str
    procedure: str
    population: str
    population_sha256: str
    sample: str
    items: int
    deviations: int
    missing: int
    unobserved_hours: float | None
    conclusion: str
    because: str
    prepared_by: str
    prepared_at: datetime
    reviewed_by: str
    reviewed_at: datetime


@dataclass(frozen=True)
class ControlPart:
    """status: what checks and statements show at the pack's moment, status_key its key: passing, partly_shown,
    partly_failing, failing, not_observed, not_applicable, not_mapped. concluded: what a named tester concluded for a
    period; else empty. evidence, exceptions, risks: public ids, each told in full once, in Contents.
    """

    id: str
    name: str
    objective: str
    kind: str
    method: str
    frequency: str
    owner: str
    procedure: str
    status_key: str
    status: str
    concluded: str
    concluded_by: str
    concluded_at: datetime | None
    checks: list[CheckPart] = field(default_factory=list)
    tests: list[TestPart] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)
    risks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ControlMapping:
    """relation: equal, subset, superset or intersects, in words."""

    control: str
    relation: str


@dataclass(frozen=True)
class RequirementPart:
    """key: as the framework numbers it. status: what its controls show, in words. responsibility: provider, shared or
    ours in words, then a line for each reason; empty where nobody stated it. provider_reports: public ids. checks:
    public ids of those that are mapped to it without a control between, each told in full once, in Contents.
    """

    id: str
    key: str
    title: str
    section: str
    status_key: str
    status: str
    responsibility: str
    controls: list[ControlMapping] = field(default_factory=list)
    provider_reports: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class EvidencePart:
    """file: its path in the archive; empty where it is referenced by its digest alone, and why says so."""

    id: str
    title: str
    kind: str
    source: str
    captured_at: datetime
    effective_from: datetime
    effective_to: datetime
    sha256: str
    size: int
    media_type: str
    file: str
    why_not_embedded: str = ""


@dataclass(frozen=True)
class ExceptionPart:
    id: str
    kind: str
    reason: str
    asked_by: str
    accepted_by: str
    concurred_by: str
    began_at: datetime
    expires_at: datetime
    checks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RiskPart:
    """Levels in the words of the matrix in force; empty where none was stated."""

    id: str
    title: str
    solution: str
    owner: str
    inherent: str
    current: str
    target: str
    standing: str
    treatment: str


@dataclass(frozen=True)
class AuditFindingPart:
    id: str
    title: str
    rating: str
    control: str
    condition: str
    criteria: str
    cause: str
    effect: str
    recommendation: str
    response: str
    owner: str
    agreed_on: date | None
    state: str
    compared: str
    """new, repeated or closed since the engagement before; empty where there was none."""


@dataclass(frozen=True)
class ProviderReportPart:
    id: str
    name: str
    kind: str
    period_from: datetime
    period_to: datetime
    sha256: str
    read_by: str
    exceptions: str


@dataclass(frozen=True)
class Contents:
    """about_from, about_to: equal where the pack is of a moment. at: the moment of its figures, as known at known_at.

    coverage_words: the statement of how much could be seen. glossary: words of the field and what they mean. checks:
    those that requirements name without a control between.
    """

    id: str
    title: str
    organisation: str
    engagement: Named | None
    objective: str
    framework: Named
    framework_version: str
    solutions: list[Named]
    about_from: datetime
    about_to: datetime
    at: datetime
    known_at: datetime
    seal_time: datetime
    trail_position: int
    trail_digest: str
    software: str
    requested_by: str
    team: list[str]
    coverage_words: str
    coverage: list[CoverageLine]
    requirements: list[RequirementPart]
    controls: list[ControlPart]
    evidence: list[EvidencePart]
    exceptions: list[ExceptionPart]
    risks: list[RiskPart]
    audit_findings: list[AuditFindingPart]
    provider_reports: list[ProviderReportPart]
    glossary: list[tuple[str, str]]
    checks: list[CheckPart] = field(default_factory=list)

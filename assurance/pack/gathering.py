"""Gathers what a pack says, once: every row as it was at the pack's moment and as it was known by its known_at.

The same pack gathered again says the same, to the byte, whatever people and readings changed meanwhile. A fixed number
of queries, whatever the size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from assurance.models import ControlTest, Pack, TeamMember
from assurance.pack import asked, borne, kept, papers, seen, shown
from assurance.pack.contents import CheckPart, Contents, EvidencePart, Named, RequirementPart, RiskPart
from assurance.pack.scope import Scope, each_once
from audit.moment import in_force
from controls.glossary import TERMS
from evidence.models import Evidence
from risks.models import Risk, RiskException

Write = Callable[[Iterable[shown.FailureRow]], None]


@dataclass(frozen=True)
class Gathered:
    """contents, and the rows of the evidence whose files are in the pack."""

    contents: Contents
    files: list[Evidence]


def gather(pack: Pack, write_failures: Write) -> Gathered:
    """write_failures: takes every failure as it is read; it is called once."""
    scope = Scope.of(pack)
    found = asked.asked(scope)
    checks = {key for keys in found.checks.values() for key in keys}
    first: dict[int, list[Any]] = {}
    write_failures(_told(shown.failing(scope, checks), first))
    parts = shown.check_parts(scope, checks, first)
    controls = [one.pk for one in found.controls]
    tests = papers.tests_of(scope)
    evidence = kept.links(scope, controls)
    exceptions = borne.exceptions_in_force(scope)
    risks = borne.risks_of(scope, controls)
    risk_parts = borne.risk_parts(scope, {key for keys in risks.values() for key in keys}, exceptions)
    requirements = asked.requirement_parts(found, parts)
    linked = _links(scope, tests, evidence, exceptions, risks, risk_parts, controls)
    rows = {one.pk: one for found_ in evidence.values() for one in found_}
    told = {key: kept.evidence_part(scope, one) for key, one in sorted(rows.items())}
    contents = Contents(
        **_heading(scope),
        **_coverage(scope),
        requirements=requirements,
        controls=asked.control_parts(found, parts, linked),
        evidence=list(told.values()),
        exceptions=[borne.exception_part(scope, one) for one in exceptions],
        risks=risk_parts,
        audit_findings=papers.audit_finding_parts(scope),
        provider_reports=kept.provider_report_parts(scope, _reports(requirements)),
        glossary=sorted(
            ((_(word), str(meaning)) for word, meaning in TERMS.items()), key=lambda term: term[0].casefold()
        ),
        checks=_named_directly(requirements, parts),
    )
    return Gathered(contents, [rows[key] for key, part in told.items() if part.file])


def _told(rows: Iterable[tuple[int, shown.FailureRow]], first: dict[int, list[Any]]) -> Iterator[shown.FailureRow]:
    """The rows, of which the first of each check are kept on their way."""
    for number, (check, row) in enumerate(rows, shown.FIRST_ROW):
        kept_ = first.setdefault(check, [])
        if len(kept_) < shown.FIRST:
            kept_.append(shown.failure(row, number))
        yield row


def _links(
    scope: Scope,
    tests: list[ControlTest],
    evidence: dict[int, list[Evidence]],
    exceptions: list[RiskException],
    risks: dict[int, list[int]],
    risk_parts: list[RiskPart],
    controls: list[int],
) -> asked.ControlLinks:
    told = {one.id for one in risk_parts}
    named = {key: [f"{Risk.public_prefix}-{one}" for one in keys] for key, keys in risks.items()}
    return asked.ControlLinks(
        conclusions=papers.conclusions(scope, controls),
        tests=papers.test_parts(scope, tests),
        evidence={key: each_once(one.public_id for one in found) for key, found in evidence.items()},
        exceptions=borne.exceptions_by_check(exceptions),
        risks={key: [one for one in ids if one in told] for key, ids in named.items()},
    )


def _heading(scope: Scope) -> dict[str, Any]:
    pack, engagement = scope.pack, scope.pack.engagement
    return {
        "id": pack.public_id,
        "title": pack.title,
        "organisation": settings.ORGANISATION_NAME,
        "engagement": Named(engagement.public_id, engagement.title) if engagement else None,
        "objective": engagement.objective if engagement else "",
        "framework": Named(scope.version.framework.public_id, scope.version.framework.name),
        "framework_version": scope.version.label,
        "solutions": [Named(one.public_id, one.name) for one in scope.solutions],
        "about_from": pack.about_from,
        "about_to": pack.about_to,
        "at": scope.moment.at,
        "known_at": pack.known_at,
        "seal_time": pack.seal_time,
        "trail_position": pack.trail_position,
        "trail_digest": pack.trail_digest,
        "software": pack.software,
        "requested_by": scope.name(pack.requested_by_id),
        "team": _team(scope),
    }


def _team(scope: Scope) -> list[str]:
    if scope.pack.engagement_id is None:
        return []
    rows = TeamMember.objects.filter(in_force(scope.known_at), engagement=scope.pack.engagement_id).order_by("pk")
    return [f"{scope.name(one.person_id)}, {one.get_part_display()}" for one in rows]


def _coverage(scope: Scope) -> dict[str, Any]:
    lines = seen.coverage_lines(scope)
    return {"coverage": lines, "coverage_words": seen.in_words(lines)}


def _reports(requirements: Iterable[RequirementPart]) -> set[str]:
    return {report for one in requirements for report in one.provider_reports}


def _named_directly(requirements: Iterable[RequirementPart], parts: dict[int, CheckPart]) -> list[CheckPart]:
    named = {check for one in requirements for check in one.checks}
    return [part for part in parts.values() if part.id in named]


def embedded(contents: Contents) -> list[EvidencePart]:
    """The evidence whose files are in the pack."""
    return [one for one in contents.evidence if one.file]

"""What the report tells once, after the requirements: exceptions, risks, audit findings, evidence, glossary."""

from __future__ import annotations

from typing import Any

from assurance.pack.contents import (
    AuditFindingPart,
    Contents,
    EvidencePart,
    ExceptionPart,
    ProviderReportPart,
    RiskPart,
)
from assurance.report import words
from assurance.report.places import SHOWN, Places


def appendix(contents: Contents, places: Places) -> dict[str, Any]:
    evidence, exceptions, risks = contents.evidence, contents.exceptions, contents.risks
    return {
        "audit_findings": [_audit_finding(one, places) for one in contents.audit_findings],
        "exceptions": [_exception(one, places) for one in exceptions[:SHOWN]],
        "exceptions_more": words.more(len(exceptions), SHOWN, "csv/exceptions.csv"),
        "risks": [_risk(one, places) for one in risks[:SHOWN]],
        "risks_more": words.more(len(risks), SHOWN, "csv/risks.csv"),
        "provider_reports": [_provider_report(one, places) for one in contents.provider_reports],
        "evidence": [_evidence(one, places) for one in evidence[:SHOWN]],
        "evidence_more": words.more(len(evidence), SHOWN, "csv/evidence.csv"),
        "glossary": [[word, means] for word, means in contents.glossary],
    }


def _audit_finding(one: AuditFindingPart, places: Places) -> dict[str, Any]:
    told = [
        ["Condition", one.condition],
        ["Criteria", one.criteria],
        ["Cause", one.cause],
        ["Effect", one.effect],
        ["Recommendation", one.recommendation],
        ["Response", one.response or "None yet"],
        ["Owner", one.owner],
        ["Agreed date", words.day(one.agreed_on) if one.agreed_on else "None yet"],
    ]
    return {
        "id": one.id,
        "title": one.title,
        "rating": one.rating,
        "state": one.state,
        "compared": one.compared,
        "control": one.control,
        "anchor": places.of(one.control),
        "told": [[label, text] for label, text in told if text],
    }


def _exception(one: ExceptionPart, places: Places) -> dict[str, Any]:
    people = [("asked by", one.asked_by), ("accepted by", one.accepted_by), ("concurred by", one.concurred_by)]
    return {
        "id": one.id,
        "anchor": places.of(one.id),
        "kind": one.kind,
        "reason": one.reason,
        "people": "; ".join(f"{verb} {person}" for verb, person in people if person),
        "from": words.day(one.began_at),
        "until": words.day(one.expires_at),
        "checks": ", ".join(one.checks),
    }


def _risk(one: RiskPart, places: Places) -> dict[str, Any]:
    return {
        "id": one.id,
        "anchor": places.of(one.id),
        "title": one.title,
        "solution": one.solution,
        "owner": one.owner,
        "levels": [level or "not stated" for level in (one.inherent, one.current, one.target)],
        "standing": one.standing,
        "treatment": one.treatment,
    }


def _provider_report(one: ProviderReportPart, places: Places) -> dict[str, Any]:
    return {
        "id": one.id,
        "anchor": places.of(one.id),
        "name": one.name,
        "kind": one.kind,
        "period": f"{words.day(one.period_from)} to {words.day(one.period_to)}",
        "sha256": one.sha256,
        "read_by": one.read_by,
        "exceptions": one.exceptions,
    }


def _evidence(one: EvidencePart, places: Places) -> dict[str, Any]:
    return {
        "id": one.id,
        "anchor": places.of(one.id),
        "title": one.title,
        "kind": one.kind,
        "source": one.source,
        "captured": words.moment(one.captured_at),
        "about": f"{words.day(one.effective_from)} to {words.day(one.effective_to)}",
        "file": one.file or f"Not in the archive: {one.why_not_embedded}",
        "told": f"{one.media_type}, {words.size(one.size)}",
        "sha256": one.sha256,
    }

"""The sandbox's own account of its world, counted from its objects: what a product's figures are checked against."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sandbox.world import Finding, World
from sandbox.world.findings import label_of


def facts(world: World) -> dict[str, Any]:
    return {"findings": finding_facts(world), "config": config_facts(world)}


def finding_facts(world: World) -> dict[str, Any]:
    """Counts over all findings that the home Region shows the hub account."""
    by: dict[str, Counter[str]] = {
        name: Counter()
        for name in (
            "by_record_state",
            "by_account",
            "by_region",
            "by_severity",
            "by_compliance_status",
            "by_workflow_status",
            "by_product",
            "active_by_severity",
            "failed_active_by_control",
        )
    }
    for finding in world.findings.values():
        record, severity, compliance = finding.record or "ACTIVE", _severity(finding), finding.compliance
        by["by_record_state"][record] += 1
        by["by_account"][finding.account] += 1
        by["by_region"][finding.region] += 1
        by["by_severity"][severity] += 1
        by["by_compliance_status"][str(compliance)] += 1
        by["by_workflow_status"][finding.workflow or "NEW"] += 1
        by["by_product"][finding.product_name or finding.product_arn.rsplit("/", 1)[-1]] += 1
        if record == "ACTIVE":
            by["active_by_severity"][severity] += 1
            if compliance == "FAILED" and finding.control_id:
                by["failed_active_by_control"][finding.control_id] += 1
    return {"total": len(world.findings), **{name: dict(sorted(counts.items())) for name, counts in by.items()}}


def _severity(finding: Finding) -> str:
    if finding.label is None and finding.check is not None and not finding.extra:
        return finding.check.control.severity if finding.check.status != "PASSED" else "INFORMATIONAL"
    severity = finding.body().get("Severity")
    if not isinstance(severity, dict):
        return "None"
    if severity.get("Label"):
        return str(severity["Label"])
    return label_of(severity["Normalized"]) if isinstance(severity.get("Normalized"), int) else "None"


def config_facts(world: World) -> dict[str, dict[str, dict[str, dict[str, int]]]]:
    """account -> Region -> rule name -> compliance type -> resources; a rule without results has an empty one."""
    result: dict[str, dict[str, dict[str, dict[str, int]]]] = {}
    for place in world.places.values():
        if place.enabled:
            result.setdefault(place.account, {})[place.region] = {
                rule.name: dict(Counter(str(check.compliance_type) for check in place.evaluations(rule)))
                for rule in place.rules.values()
            }
    return result

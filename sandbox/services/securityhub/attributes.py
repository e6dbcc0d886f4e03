"""How each filterable (and sortable) attribute is read from a finding: a function to the list of its values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.world import Finding
from sandbox.world.findings import NORMALIZED, label_of

Reader = Callable[[Finding], list[Any]]

# Attribute -> path in ASFF; [] steps into each item of a list.
_PATHS = {
    "string": {
        "GeneratorId": "GeneratorId",
        "Type": "Types[]",
        "Title": "Title",
        "Description": "Description",
        "RecommendationText": "Remediation.Recommendation.Text",
        "SourceUrl": "SourceUrl",
        "CompanyName": "CompanyName",
        "ResourceType": "Resources[].Type",
        "ResourceId": "Resources[].Id",
        "ResourcePartition": "Resources[].Partition",
        "ResourceRegion": "Resources[].Region",
        "ResourceProvider": "Resources[].Provider",
        "ResourceApplicationName": "Resources[].ApplicationName",
        "VerificationState": "VerificationState",
        "NoteText": "Note.Text",
        "NoteUpdatedBy": "Note.UpdatedBy",
        "RelatedFindingsId": "RelatedFindings[].Id",
        "RelatedFindingsProductArn": "RelatedFindings[].ProductArn",
        "FindingProviderFieldsSeverityLabel": "FindingProviderFields.Severity.Label",
        "FindingProviderFieldsSeverityOriginal": "FindingProviderFields.Severity.Original",
        "FindingProviderFieldsTypes": "FindingProviderFields.Types[]",
        "AwsAccountName": "AwsAccountName",
        "ComplianceAssociatedStandardsId": "Compliance.AssociatedStandards[].StandardsId",
        "VulnerabilitiesFixAvailable": "Vulnerabilities[].FixAvailable",
        "VulnerabilitiesExploitAvailable": "Vulnerabilities[].ExploitAvailable",
        "WorkflowState": "WorkflowState",
    },
    "map": {
        "ProductFields": "ProductFields",
        "UserDefinedFields": "UserDefinedFields",
        "ResourceTags": "Resources[].Tags",
        "ResourceDetailsOther": "Resources[].Details.Other",
    },
    "date": {"FirstObservedAt": "FirstObservedAt", "NoteUpdatedAt": "Note.UpdatedAt"},
    "number": {
        "Confidence": "Confidence",
        "Criticality": "Criticality",
        "SeverityProduct": "Severity.Product",
        "FindingProviderFieldsConfidence": "FindingProviderFields.Confidence",
        "FindingProviderFieldsCriticality": "FindingProviderFields.Criticality",
    },
    "boolean": {"Sample": "Sample"},
}


def _label(finding: Finding) -> list[Any]:
    if finding.label is not None:
        return [finding.label]
    if finding.check is not None and not finding.extra:
        return [finding.check.control.severity if finding.check.status != "PASSED" else "INFORMATIONAL"]
    severity = finding.body().get("Severity", {})
    if not isinstance(severity, dict):
        return []
    if "Label" in severity:
        return _optional(severity["Label"])
    return [label_of(severity["Normalized"])] if isinstance(severity.get("Normalized"), int) else []


def _normalized(finding: Finding) -> list[Any]:
    severity = finding.body().get("Severity", {})
    if isinstance(severity, dict) and isinstance(severity.get("Normalized"), int):
        return [severity["Normalized"]]
    return [NORMALIZED[label] for label in _label(finding) if label in NORMALIZED]


def _optional(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else []


def _product_name(finding: Finding) -> list[Any]:
    return _optional(finding.product_name)


# Read from what the world holds, without building the whole finding. Dates in ms.
_DIRECT: dict[str, tuple[str, Reader]] = {
    "Id": ("string", lambda finding: [finding.id]),
    "ProductArn": ("string", lambda finding: [finding.product_arn]),
    "ProductName": ("string", _product_name),
    "AwsAccountId": ("string", lambda finding: [finding.account]),
    "Region": ("string", lambda finding: [finding.region]),
    "RecordState": ("string", lambda finding: [finding.record or "ACTIVE"]),
    "WorkflowStatus": ("string", lambda finding: [finding.workflow or "NEW"]),
    "ComplianceStatus": ("string", lambda finding: _optional(finding.compliance)),
    "ComplianceSecurityControlId": ("string", lambda finding: _optional(finding.control_id)),
    "SeverityLabel": ("string", _label),
    "SeverityNormalized": ("number", _normalized),
    "UpdatedAt": ("date", lambda finding: [finding.updated]),
    "CreatedAt": ("date", lambda finding: [finding.created]),
    "LastObservedAt": ("date", lambda finding: [finding.observed] if "LastObservedAt" in finding.body() else []),
}


def _walk(value: Any, steps: list[str]) -> list[Any]:
    for index, step in enumerate(steps):
        name, many = step.removesuffix("[]"), step.endswith("[]")
        value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            return []
        if many:
            rest = steps[index + 1 :]
            return [found for item in value for found in _walk(item, rest)] if isinstance(value, list) else []
    return [value]


def _path_reader(path: str, kind: str) -> Reader:
    steps = path.split(".")
    if kind == "date":
        return lambda finding: [ms for text in _walk(finding.body(), steps) if (ms := _moment(text)) is not None]
    types: dict[str, tuple[type, ...]] = {"string": (str,), "map": (dict,), "number": (int, float), "boolean": (bool,)}
    wanted = types[kind]
    return lambda finding: [value for value in _walk(finding.body(), steps) if isinstance(value, wanted)]


def _moment(text: Any) -> int | None:
    """ms, or None for what an injected finding has in a date's place."""
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (TypeError, ValueError):
        return None


def _all_texts(finding: Finding) -> list[Any]:
    texts: list[Any] = []

    def gather(value: Any) -> None:
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict | list):
            for item in value.values() if isinstance(value, dict) else value:
                gather(item)

    gather(finding.body())
    return texts


KINDS: dict[str, str] = {
    **{name: kind for kind, paths in _PATHS.items() for name in paths},
    **{name: kind for name, (kind, _) in _DIRECT.items()},
    "Keyword": "keyword",
}
_READERS: dict[str, Reader] = {
    **{name: _path_reader(path, kind) for kind, paths in _PATHS.items() for name, path in paths.items()},
    **{name: read for name, (_, read) in _DIRECT.items()},
    "Keyword": _all_texts,
}


def reader(name: str) -> Reader:
    return _READERS[name]

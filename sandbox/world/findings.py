"""Findings as Security Hub keeps them, and the checks that control findings report."""

from __future__ import annotations

import hashlib
from typing import Any

from sandbox.world.catalogue import Control, Standard
from sandbox.world.clock import iso
from sandbox.world.resources import Resource

RUNG = ((0, "INFORMATIONAL"), (39, "LOW"), (69, "MEDIUM"), (89, "HIGH"), (100, "CRITICAL"))
NORMALIZED = {"INFORMATIONAL": 0, "LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}
CONFIG_TYPE = {"PASSED": "COMPLIANT", "FAILED": "NON_COMPLIANT", "NOT_AVAILABLE": "NOT_APPLICABLE"}
REASON = {
    "WARNING": ("CONFIG_ACCESS_DENIED", "The service role of Config may not read this resource."),
    "NOT_AVAILABLE": ("CONFIG_RETURNS_NOT_APPLICABLE", "Config answered that the rule does not apply here."),
}


def label_of(normalized: int) -> str:
    """The label AWS derives: 0 INFORMATIONAL, 1-39 LOW, 40-69 MEDIUM, 70-89 HIGH, 90-100 CRITICAL."""
    return next(label for ceiling, label in RUNG if normalized <= ceiling)


def uuid_of(*parts: object) -> str:
    digest = hashlib.md5("|".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"


GONE, ABSENT = -1, -2  # positions of checks outside World.live


class Check:
    """One control on one resource: the truth that a Security Hub finding and a Config evaluation both tell.

    status: PASSED, FAILED, WARNING or NOT_AVAILABLE. changed: since when. invoked: last evaluation. Moments in ms.
    """

    __slots__ = (
        "changed",
        "control",
        "created",
        "findings",
        "invoked",
        "position",
        "previous",
        "resource",
        "serial",
        "status",
    )

    def __init__(self, serial: int, control: Control, resource: Resource, status: str, created: int) -> None:
        self.serial, self.control, self.resource, self.status = serial, control, resource, status
        self.created = self.changed = self.invoked = created
        self.previous: str | None = None
        self.findings: list[Finding] = []
        self.position = GONE  # where it stands in World.live

    @property
    def compliance_type(self) -> str | None:
        """What Config reports; None: no evaluation result (it could not evaluate)."""
        return CONFIG_TYPE.get(self.status)


def annotation(check: Check) -> str:
    """What Config's rule says of a resource that does not comply."""
    return f"Does not hold: {check.control.title}."[:256]


class Finding:
    """One finding. template: the whole static body of a non-control finding; raw: JSON that bypasses all checks."""

    __slots__ = (
        "account",
        "archived_at",
        "check",
        "created",
        "extra",
        "history",
        "id",
        "json",
        "label",
        "observed",
        "product_arn",
        "product_name",
        "raw",
        "record",
        "region",
        "serial",
        "standard",
        "template",
        "updated",
        "workflow",
    )

    def __init__(
        self, serial: int, product_arn: str, product_name: str | None, id: str, account: str, region: str, created: int
    ) -> None:
        self.serial, self.product_arn, self.product_name, self.id = serial, product_arn, product_name, id
        self.account, self.region = account, region
        self.created = self.updated = self.observed = created
        self.record: str | None = "ACTIVE"
        self.workflow: str | None = "NEW"
        self.label: str | None = None
        self.check: Check | None = None
        self.standard: Standard | None = None
        self.template: dict[str, Any] | None = None
        self.extra: dict[str, Any] | None = None  # what BatchUpdateFindings and archiving laid over it
        self.history: list[tuple[int, str, list[tuple[str, str, str]]]] | None = None
        self.archived_at: int | None = None
        self.json: bytes | None = None
        self.raw: bytes | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.product_arn, self.id

    @property
    def compliance(self) -> str | None:
        if self.check is not None:
            return self.check.status
        found = (self.template or {}).get("Compliance")
        return found.get("Status") if isinstance(found, dict) else None

    @property
    def control_id(self) -> str | None:
        if self.check is not None:
            return self.check.control.id if self.check.control.in_hub else None
        found = (self.template or {}).get("Compliance")
        return found.get("SecurityControlId") if isinstance(found, dict) else None

    def remember(self, moment: int, source: str, updates: list[tuple[str, str, str]]) -> None:
        """For GetFindingHistory. source: UpdateSource.Type."""
        self.history = [*(self.history or []), (moment, source, updates)]

    def body(self) -> dict[str, Any]:
        """The ASFF object, dates written out."""
        if self.raw is not None:
            return dict(self.template or {})
        body = _control_body(self, self.check) if self.check is not None else dict(self.template or {})
        if self.check is None and self.template is not None:
            if "LastObservedAt" in self.template:
                body["LastObservedAt"] = iso(self.observed)
            body["UpdatedAt"] = iso(self.updated)
        if self.record is not None:
            body["RecordState"] = self.record
        if self.workflow is not None:
            body["Workflow"] = {"Status": self.workflow}
            body["WorkflowState"] = "NEW" if self.workflow == "NEW" else "RESOLVED"
        if self.label is not None:
            body["Severity"] = {**body.get("Severity", {}), "Label": self.label, "Normalized": NORMALIZED[self.label]}
        for name, value in (self.extra or {}).items():
            body[name] = {**body.get(name, {}), **value} if name in ("ProductFields", "Severity") else value
        return body


def _control_body(finding: Finding, check: Check) -> dict[str, Any]:
    control, resource = check.control, check.resource
    failed = check.status != "PASSED"
    severity = {
        "Label": control.severity if failed else "INFORMATIONAL",
        "Original": control.severity if failed else "INFORMATIONAL",
    }
    types = ["Software and Configuration Checks/Industry and Regulatory Standards"]
    body: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": finding.id,
        "ProductArn": finding.product_arn,
        "ProductName": finding.product_name,
        "CompanyName": "AWS",
        "Region": finding.region,
        "GeneratorId": _generator(finding, control),
        "AwsAccountId": finding.account,
        "Types": types,
        "FirstObservedAt": iso(check.changed),
        "LastObservedAt": iso(check.invoked),
        "CreatedAt": iso(finding.created),
        "UpdatedAt": iso(finding.updated),
        "Severity": {**severity, "Normalized": NORMALIZED[severity["Label"]]},
        "Title": control.title if finding.standard is None else f"{control.id} {control.title}",
        "Description": control.description,
        "ProductFields": _product_fields(finding, check),
        "Resources": [asff_resource(resource)],
        "Compliance": _compliance(finding, check),
        "FindingProviderFields": {"Severity": severity, "Types": types},
    }
    if control.in_hub:
        text = "The Security Hub controls documentation says how to put this right."
        body["Remediation"] = {"Recommendation": {"Text": text, "Url": control.remediation_url}}
    return body


def _generator(finding: Finding, control: Control) -> str:
    if not control.in_hub:
        return f"arn:aws:config:{finding.region}:{finding.account}:config-rule/{control.id}"
    if finding.standard is None:
        return f"security-control/{control.id}"
    return f"{finding.standard.path.split('/', 1)[1]}/{control.id}"


def _product_fields(finding: Finding, check: Check) -> dict[str, str]:
    control = check.control
    name = finding.product_name or ""
    fields = {
        "aws/securityhub/ProductName": name,
        "aws/securityhub/CompanyName": "AWS",
        "aws/securityhub/FindingId": f"{finding.product_arn}/{finding.id}",
        "Resources:0/Id": check.resource.arn,
    }
    if check.previous is not None:
        fields["PreviousComplianceStatus"] = check.previous
    if not control.in_hub:
        fields["aws/config/ConfigRuleName"] = "required-tags-solution"
        fields["aws/config/ConfigComplianceType"] = check.compliance_type or "INSUFFICIENT_DATA"
        return fields
    if control.rule:
        fields["RelatedAWSResources:0/name"] = hub_rule_name(finding.account, finding.region, control)
        fields["RelatedAWSResources:0/type"] = "AWS::Config::ConfigRule"
    if finding.standard is not None:
        place = f"arn:aws:securityhub:{finding.region}:{finding.account}"
        path = finding.standard.path.split("/", 1)[1]
        fields["StandardsArn"] = f"arn:aws:securityhub:::{finding.standard.path}"
        fields["StandardsSubscriptionArn"] = f"{place}:subscription/{path}"
        fields["StandardsControlArn"] = f"{place}:control/{path}/{control.id}"
        fields["ControlId"] = control.id
    return fields


def _compliance(finding: Finding, check: Check) -> dict[str, Any]:
    control = check.control
    result: dict[str, Any] = {"Status": check.status}
    if check.status in REASON:
        code, text = REASON[check.status]
        result["StatusReasons"] = [{"ReasonCode": code, "Description": text}]
    if control.in_hub:
        result["SecurityControlId"] = control.id
        standards = control.enabled_standards if finding.standard is None else (finding.standard,)
        result["AssociatedStandards"] = [{"StandardsId": standard.path} for standard in standards]
        if requirements := control.related_requirements(*(standard.key for standard in standards)):
            result["RelatedRequirements"] = requirements
    return result


def hub_rule_name(account: str, region: str, control: Control) -> str:
    return f"securityhub-{control.rule}-{short_hash(account, region, control.id)[:8]}"


def short_hash(*parts: object) -> str:
    return hashlib.md5("|".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def asff_resource(resource: Resource) -> dict[str, Any]:
    result: dict[str, Any] = {
        "Type": resource.kind.asff,
        "Id": resource.arn,
        "Partition": "aws",
        "Region": resource.region,
    }
    if resource.tags:
        result["Tags"] = resource.tags
    return result

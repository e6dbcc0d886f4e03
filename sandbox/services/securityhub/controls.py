"""Standards and controls: what is checked, under which requirement, and where it is switched on."""

from __future__ import annotations

from typing import Any

from sandbox.calls import Call, handles
from sandbox.paging import page
from sandbox.protocol import AwsError
from sandbox.services.securityhub.hub import enabled_hub
from sandbox.world import stamp
from sandbox.world.catalogue import DISABLED, STANDARDS, Control, Standard, controls

_SH = "securityhub"
_BATCH = 100


@handles(_SH, "DescribeStandards")
def describe_standards(call: Call) -> dict[str, Any]:
    enabled_hub(call)
    rows = [
        {
            "StandardsArn": standard.arn(call.region),
            "Name": standard.name,
            "Description": f"Controls that serve {standard.name}.",
            "EnabledByDefault": standard.key == "fsbp",
            "Provider": "AWS",
            "StandardsManagedBy": {"Company": "AWS", "Product": "Security Hub"},
        }
        for standard in STANDARDS.values()
    ]
    wanted = call.params.get("Providers")
    shown, more = page(call, rows if not wanted or "AWS" in wanted else [], size=100)
    return {"Standards": shown, **more}


def _subscription(call: Call, standard: Standard) -> str:
    tail = standard.path.split("/", 1)[1]
    return f"arn:aws:securityhub:{call.region}:{call.account}:subscription/{tail}"


@handles(_SH, "GetEnabledStandards")
def get_enabled_standards(call: Call) -> dict[str, Any]:
    place = enabled_hub(call)
    stopped = place.recorder_stopped is not None
    rows = []
    for standard in STANDARDS.values():
        if standard.enabled:
            row: dict[str, Any] = {
                "StandardsSubscriptionArn": _subscription(call, standard),
                "StandardsArn": standard.arn(call.region),
                "StandardsInput": {},
                "StandardsStatus": "INCOMPLETE" if stopped else "READY",
                "StandardsControlsUpdatable": "READY_FOR_UPDATES",
                "Provider": "AWS",
            }
            if stopped:
                row["StandardsStatusReason"] = {"StatusReasonCode": "NO_AVAILABLE_CONFIGURATION_RECORDER"}
            rows.append(row)
    asked = call.params.get("StandardsSubscriptionArns")
    if asked:
        rows = [row for row in rows if row["StandardsSubscriptionArn"] in asked]
    shown, more = page(call, rows, size=100)
    return {"StandardsSubscriptions": shown, **more}


@handles(_SH, "ListSecurityControlDefinitions")
def list_security_control_definitions(call: Call) -> dict[str, Any]:
    enabled_hub(call)
    found = list(controls().values())
    if arn := call.params.get("StandardsArn"):
        standard = _standard(call, arn)
        found = [control for control in found if standard is not None and standard.key in control.standards]
    shown, more = page(call, found, size=100)
    rows = [
        {
            "SecurityControlId": control.id,
            "Title": control.title,
            "Description": control.description,
            "RemediationUrl": control.remediation_url,
            "SeverityRating": control.severity,
            "CurrentRegionAvailability": "AVAILABLE",
            "Provider": "AWS",
        }
        for control in shown
    ]
    return {"SecurityControlDefinitions": rows, **more}


def _standard(call: Call, arn: str) -> Standard | None:
    return next((standard for standard in STANDARDS.values() if standard.arn(call.region) == arn), None)


def _control_arn(call: Call, control: Control) -> str:
    return f"arn:aws:securityhub:{call.region}:{call.account}:security-control/{control.id}"


@handles(_SH, "BatchGetSecurityControls")
def batch_get_security_controls(call: Call) -> dict[str, Any]:
    """By id or ARN, 100 at most."""
    enabled_hub(call)
    asked = call.params["SecurityControlIds"]
    if not 1 <= len(asked) <= _BATCH:
        raise AwsError("InvalidInputException", f"SecurityControlIds must name 1 to {_BATCH} controls")
    known, rows, unknown = controls(), [], []
    for name in asked:
        control = known.get(name.rsplit("/", 1)[-1])
        if control is None:
            unknown.append(
                {
                    "SecurityControlId": name,
                    "ErrorCode": "NOT_FOUND",
                    "ErrorReason": "The control does not exist in this Region.",
                }
            )
            continue
        row: dict[str, Any] = {
            "SecurityControlId": control.id,
            "SecurityControlArn": _control_arn(call, control),
            "Title": control.title,
            "Description": control.description,
            "RemediationUrl": control.remediation_url,
            "SeverityRating": control.severity,
            "UpdateStatus": "READY",
            "Parameters": {},
            "Provider": "AWS",
            "SecurityControlStatus": "ENABLED" if control.enabled else "DISABLED",
        }
        if control.id in DISABLED:
            row["LastUpdateReason"] = DISABLED[control.id]
        rows.append(row)
    return {"SecurityControls": rows, **({"UnprocessedIds": unknown} if unknown else {})}


def _association(call: Call, control: Control, standard: Standard) -> dict[str, Any]:
    row: dict[str, Any] = {
        "StandardsArn": standard.arn(call.region),
        "SecurityControlId": control.id,
        "SecurityControlArn": _control_arn(call, control),
        "UpdatedAt": stamp(call.world.accounts[call.account].joined),
        "AssociationStatus": "ENABLED" if standard.enabled and control.enabled else "DISABLED",
        "StandardsControlTitle": control.title,
        "StandardsControlDescription": control.description,
    }
    if requirements := control.related_requirements(standard.key):
        row["RelatedRequirements"] = requirements
    if control.id in DISABLED:
        row["UpdatedReason"] = DISABLED[control.id]
    return row


@handles(_SH, "ListStandardsControlAssociations")
def list_standards_control_associations(call: Call) -> dict[str, Any]:
    enabled_hub(call)
    control = controls().get(call.params["SecurityControlId"].rsplit("/", 1)[-1])
    if control is None:
        raise AwsError("InvalidInputException", f"No security control {call.params['SecurityControlId']}")
    rows = [_association(call, control, STANDARDS[key]) for key in control.standards]
    shown, more = page(call, rows, size=100)
    return {"StandardsControlAssociationSummaries": shown, **more}


@handles(_SH, "BatchGetStandardsControlAssociations")
def batch_get_standards_control_associations(call: Call) -> dict[str, Any]:
    enabled_hub(call)
    asked = call.params["StandardsControlAssociationIds"]
    if not 1 <= len(asked) <= _BATCH:
        raise AwsError("InvalidInputException", f"StandardsControlAssociationIds must name 1 to {_BATCH} associations")
    rows, unknown = [], []
    for pair in asked:
        control = controls().get(pair["SecurityControlId"].rsplit("/", 1)[-1])
        standard = _standard(call, pair["StandardsArn"])
        if control is None or standard is None or standard.key not in control.standards:
            unknown.append(
                {
                    "StandardsControlAssociationId": pair,
                    "ErrorCode": "NOT_FOUND",
                    "ErrorReason": "The standard does not have this control.",
                }
            )
            continue
        arn = f"arn:aws:securityhub:{call.region}:{call.account}:control/{standard.path.split('/', 1)[1]}/{control.id}"
        rows.append({**_association(call, control, standard), "StandardsControlArns": [arn]})
    return {"StandardsControlAssociationDetails": rows, **({"UnprocessedAssociations": unknown} if unknown else {})}

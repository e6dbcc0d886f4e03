"""BatchUpdateFindings and BatchImportFindings: what callers change."""

from __future__ import annotations

from typing import Any

import orjson

from sandbox.calls import Call, handles
from sandbox.services.securityhub.filters import invalid, moment_of
from sandbox.services.securityhub.hub import enabled_hub
from sandbox.world import Finding, iso

_SH = "securityhub"
_BATCH = 100
_FINDING_BYTES = 240 * 1024
_SEVERITY = ("INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")


@handles(_SH, "BatchUpdateFindings")
def batch_update_findings(call: Call) -> dict[str, Any]:
    """UpdatedAt stays. Findings that this caller does not see come back unprocessed."""
    enabled_hub(call)
    params = dict(call.params)
    asked = params.pop("FindingIdentifiers")
    if not 1 <= len(asked) <= _BATCH:
        raise invalid(f"FindingIdentifiers must name 1 to {_BATCH} findings")
    if not params:
        raise invalid("At least one attribute to update is required")
    if "Note" in params:
        params["Note"] = {**params["Note"], "UpdatedAt": iso(call.now)}
    done, missed = [], []
    for identifier in asked:
        if _visible(call, identifier) is None:
            missed.append(
                {
                    "FindingIdentifier": identifier,
                    "ErrorCode": "FindingNotFound",
                    "ErrorMessage": "The finding was not found.",
                }
            )
        else:
            done.append(identifier)
    if done:
        keys = [[identifier["ProductArn"], identifier["Id"]] for identifier in done]
        call.engine.journal.write("update_findings", call.now, {"keys": keys, "fields": params})
    return {"ProcessedFindings": done, "UnprocessedFindings": missed}


def _visible(call: Call, identifier: dict[str, str]) -> Finding | None:
    finding = call.world.findings.get((identifier["ProductArn"], identifier["Id"]))
    visible = call.world.visible(call.account, call.region)
    if finding is None or finding.raw is not None or (visible is not None and not visible(finding)):
        return None
    return finding


@handles(_SH, "BatchImportFindings")
def batch_import_findings(call: Call) -> dict[str, Any]:
    """From the finding's own account with its default product, in this Region."""
    enabled_hub(call)
    bodies = call.params["Findings"]
    if not 1 <= len(bodies) <= _BATCH:
        raise invalid(f"Findings must hold 1 to {_BATCH} findings")
    good, bad = [], []
    for body in bodies:
        problem = _problem(call, body)
        if problem is None:
            good.append(body)
        else:
            bad.append({"Id": body["Id"], "ErrorCode": "InvalidInput", "ErrorMessage": problem})
    if good:
        call.engine.journal.write("import_findings", call.now, {"bodies": good})
    result: dict[str, Any] = {"FailedCount": len(bad), "SuccessCount": len(good)}
    return {**result, "FailedFindings": bad} if bad else result


def _problem(call: Call, body: dict[str, Any]) -> str | None:
    """Why this finding is refused, None if it is not."""
    default = f"arn:aws:securityhub:{call.region}:{call.account}:product/{call.account}/default"
    if body["AwsAccountId"] != call.account or body["ProductArn"] != default:
        return f"AwsAccountId must be {call.account} and ProductArn {default}"
    if body["SchemaVersion"] != "2018-10-08":
        return "SchemaVersion must be 2018-10-08"
    if not 1 <= len(body["Resources"]) <= 32:
        return "Resources must hold 1 to 32 resources"
    if len(orjson.dumps(body)) > _FINDING_BYTES:
        return "A finding may have 240 kB at most"
    severity = body.get("Severity") or body.get("FindingProviderFields", {}).get("Severity")
    if not severity or severity.get("Label") not in (*_SEVERITY, None):
        return "Severity (or FindingProviderFields.Severity) is required"
    for name in ("CreatedAt", "UpdatedAt"):
        moment_of(body[name], name)
    known = call.world.findings.get((body["ProductArn"], body["Id"]))
    if known is not None and moment_of(body["UpdatedAt"], "UpdatedAt") < known.updated:
        return "UpdatedAt is earlier than the finding's"
    return None

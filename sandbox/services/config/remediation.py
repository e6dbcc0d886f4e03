"""Remediation of the rules that have a runbook: started by a caller, done with the world's next steps."""

from __future__ import annotations

from typing import Any

from sandbox.calls import Call, handles
from sandbox.paging import page
from sandbox.protocol import AwsError
from sandbox.services.config.rules import named_rule
from sandbox.world import ConfigRule, stamp
from sandbox.world.places import Remediation

_CONFIG = "config"
RUNBOOKS = {
    "s3-bucket-versioning-enabled": "AWS-ConfigureS3BucketVersioning",
    "s3-bucket-level-public-access-prohibited": "AWSConfigRemediation-ConfigureS3BucketPublicAccessBlock",
    "vpc-flow-logs-enabled": "AWS-EnableVPCFlowLogs",
    "cmk-backing-key-rotation-enabled": "AWSConfigRemediation-EnableKeyRotation",
}


def _runbook(rule: ConfigRule) -> str | None:
    """Only a customer's rules and Security Hub's of these identifiers have one configured."""
    return RUNBOOKS.get(rule.identifier) if rule.origin != "pack" else None


@handles(_CONFIG, "DescribeRemediationConfigurations")
def describe_remediation_configurations(call: Call) -> dict[str, Any]:
    rows = []
    for name in call.params["ConfigRuleNames"]:
        rule = call.place.rules.get(name)
        runbook = _runbook(rule) if rule is not None else None
        if rule is not None and runbook is not None:
            arn = f"arn:aws:config:{call.region}:{call.account}:remediation-configuration/{rule.name}/{rule.rule_id}"
            rows.append(
                {
                    "ConfigRuleName": rule.name,
                    "TargetType": "SSM_DOCUMENT",
                    "TargetId": runbook,
                    "TargetVersion": "1",
                    "Automatic": False,
                    "MaximumAutomaticAttempts": 5,
                    "RetryAttemptSeconds": 60,
                    "Arn": arn,
                    "ResourceType": rule.resource_type,
                }
            )
    return {"RemediationConfigurations": rows}


def _configured(call: Call) -> ConfigRule:
    name = call.params["ConfigRuleName"]
    rule = call.place.rules.get(name)
    if rule is None or _runbook(rule) is None:
        raise AwsError("NoSuchRemediationConfigurationException", f"No remediation configuration for the rule {name}.")
    return rule


@handles(_CONFIG, "StartRemediationExecution")
def start_remediation_execution(call: Call) -> dict[str, Any]:
    """FailedItems: resources that the rule does not judge, or that a run is busy with."""
    rule = _configured(call)
    known = {(check.resource.kind.type, check.resource.id) for check in call.place.evaluations(rule)}
    keys: list[dict[str, str]] = []
    failed: list[dict[str, str]] = []
    for key in call.params["ResourceKeys"]:
        pair = (key["resourceType"], key["resourceId"])
        run = call.place.remediations.get((rule.name, *pair))
        (failed if pair not in known or (run is not None and not run.succeeded) else keys).append(key)
    if keys:
        call.engine.journal.write(
            "remediate",
            call.now,
            {
                "account": call.account,
                "region": call.region,
                "rule": rule.name,
                "keys": [[key["resourceType"], key["resourceId"]] for key in keys],
            },
        )
    if not failed:
        return {}
    return {"FailureMessage": "Some resources are unknown to the rule or being remediated.", "FailedItems": failed}


@handles(_CONFIG, "DescribeRemediationExecutionStatus")
def describe_remediation_execution_status(call: Call) -> dict[str, Any]:
    rule = _configured(call)
    asked = [(key["resourceType"], key["resourceId"]) for key in call.params.get("ResourceKeys", [])]
    rows = [
        _status(resource_type, resource_id, run)
        for (name, resource_type, resource_id), run in call.place.remediations.items()
        if name == rule.name and (not asked or (resource_type, resource_id) in asked)
    ]
    shown, more = page(call, rows, size=100)
    return {"RemediationExecutionStatuses": shown, **more}


def _status(resource_type: str, resource_id: str, run: Remediation) -> dict[str, Any]:
    step: dict[str, Any] = {
        "Name": "remediate",
        "State": "SUCCEEDED" if run.succeeded else "PENDING",
        "StartTime": stamp(run.started),
    }
    if run.succeeded:
        step["StopTime"] = stamp(run.finishes)
    return {
        "ResourceKey": {"resourceType": resource_type, "resourceId": resource_id},
        "State": "SUCCEEDED" if run.succeeded else "IN_PROGRESS",
        "StepDetails": [step],
        "InvocationTime": stamp(run.started),
        "LastUpdatedTime": stamp(run.finishes if run.succeeded else run.started),
    }


@handles(_CONFIG, "DescribeRemediationExceptions")
def describe_remediation_exceptions(call: Call) -> dict[str, Any]:
    """None are granted in this estate."""
    named_rule(call, call.params["ConfigRuleName"])
    return {"RemediationExceptions": []}

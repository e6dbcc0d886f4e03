"""EventBridge events as they arrive in a queue: the event JSON itself, no envelope around it.

Shapes: the Security Hub user guide, "EventBridge event formats"; the Config developer guide, "Example events".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sandbox.world.clock import iso
from sandbox.world.findings import CONFIG_TYPE, Check, Finding, annotation, uuid_of
from sandbox.world.places import ConfigRule

if TYPE_CHECKING:
    from sandbox.world.world import World


def bodies(world: World, kind: str, subject: Any, moment: int) -> Iterator[str]:
    """The event texts of one happening. subject: a Finding, or (Check, its old status or None)."""
    if kind == "finding":
        yield finding_event(subject, moment)
        return
    check, old = subject
    place = world.places[check.resource.account, check.resource.region]
    for rule in place.rules.values():
        if rule.identifier == check.control.rule and check.compliance_type is not None:
            yield evaluation_event(rule, check, old, moment)


def _envelope(
    detail_type: str, source: str, account: str, region: str, moment: int, resources: list[str], detail: dict[str, Any]
) -> str:
    event = {
        "version": "0",
        "id": uuid_of(
            detail_type,
            account,
            region,
            moment,
            resources,
            detail.get("resourceId"),
            detail.get("configRuleName"),
            json.dumps(detail, sort_keys=True),
        ),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": iso(moment)[:19] + "Z",
        "region": region,
        "resources": resources,
        "detail": detail,
    }
    return json.dumps(event, ensure_ascii=False)


def finding_event(finding: Finding, moment: int) -> str:
    return _envelope(
        "Security Hub Findings - Imported",
        "aws.securityhub",
        finding.account,
        finding.region,
        moment,
        [f"{finding.product_arn}/{finding.id}"],
        {"findings": [finding.body()]},
    )


def evaluation_event(rule: ConfigRule, check: Check, old: str | None, moment: int) -> str:
    made = check.resource
    detail: dict[str, Any] = {
        "resourceId": made.id,
        "awsRegion": made.region,
        "awsAccountId": made.account,
        "configRuleName": rule.name,
        "recordVersion": "1.0",
        "configRuleARN": rule.arn,
        "messageType": "ComplianceChangeNotification",
        "newEvaluationResult": _result(rule, check, check.compliance_type, check.invoked),
        "notificationCreationTime": iso(moment),
        "resourceType": made.kind.type,
    }
    if old in CONFIG_TYPE:
        detail["oldEvaluationResult"] = _result(rule, check, CONFIG_TYPE[old], check.created)
    return _envelope("Config Rules Compliance Change", "aws.config", made.account, made.region, moment, [], detail)


def _result(rule: ConfigRule, check: Check, compliance: str | None, moment: int) -> dict[str, Any]:
    return {
        "evaluationResultIdentifier": {
            "evaluationResultQualifier": {
                "configRuleName": rule.name,
                "resourceType": check.resource.kind.type,
                "resourceId": check.resource.id,
                "evaluationMode": "DETECTIVE",
            },
            "orderingTimestamp": iso(moment),
        },
        "complianceType": compliance,
        "resultRecordedTime": iso(moment),
        "configRuleInvokedTime": iso(moment),
        "annotation": annotation(check) if compliance == "NON_COMPLIANT" else None,
    }

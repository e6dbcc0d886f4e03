"""Config rules of one account and Region, and what they found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.calls import Call, handles
from sandbox.paging import page
from sandbox.protocol import AwsError
from sandbox.world import Check, ConfigRule, Place, stamp
from sandbox.world.findings import REASON, annotation

_CONFIG = "config"
_CAP = 25  # AWS caps contributor counts of a single account there, of aggregators at 100


def named_rules(call: Call, names: list[str] | None) -> list[ConfigRule]:
    """All rules of the caller's place, or those named. Raises AwsError NoSuchConfigRuleException."""
    rules = call.place.rules
    if not names:
        return list(rules.values())
    return [named_rule(call, name) for name in names]


def named_rule(call: Call, name: str) -> ConfigRule:
    rule = call.place.rules.get(name)
    if rule is None:
        raise AwsError(
            "NoSuchConfigRuleException",
            f"The ConfigRule '{name}' provided in the request is invalid. Please check the configRule name.",
        )
    return rule


@handles(_CONFIG, "DescribeConfigRules")
def describe_config_rules(call: Call) -> dict[str, Any]:
    filters = call.params.get("Filters", {})
    rules = named_rules(call, call.params.get("ConfigRuleNames"))
    if filters.get("EvaluationMode") == "PROACTIVE" or filters.get("RuleEvaluationVisibility") == "INTERNAL":
        rules = []
    shown, more = page(call, rules, size=25)
    return {"ConfigRules": [_described(rule) for rule in shown], **more}


def _described(rule: ConfigRule) -> dict[str, Any]:
    row: dict[str, Any] = {
        "ConfigRuleName": rule.name,
        "ConfigRuleArn": rule.arn,
        "ConfigRuleId": rule.rule_id,
        "Description": rule.description,
        "ConfigRuleState": "ACTIVE",
        "EvaluationModes": [{"Mode": "DETECTIVE"}],
        "Source": {"Owner": "AWS", "SourceIdentifier": rule.identifier.upper().replace("-", "_")},
    }
    if rule.resource_type != "AWS::::Account":
        row["Scope"] = {"ComplianceResourceTypes": [rule.resource_type]}
    if rule.created_by is not None:
        row["CreatedBy"] = rule.created_by
    if rule.identifier == "required-tags":
        row["InputParameters"] = '{"tag1Key":"solution"}'
    return row


@handles(_CONFIG, "DescribeConfigRuleEvaluationStatus")
def describe_config_rule_evaluation_status(call: Call) -> dict[str, Any]:
    rules = named_rules(call, call.params.get("ConfigRuleNames"))
    shown, more = page(call, rules, size=50)
    return {"ConfigRulesEvaluationStatus": [_evaluation_status(call, rule) for rule in shown], **more}


def _evaluation_status(call: Call, rule: ConfigRule) -> dict[str, Any]:
    joined = stamp(call.world.accounts[call.account].joined)
    checks = call.place.checks.get(rule.identifier, {}).values()
    row: dict[str, Any] = {
        "ConfigRuleName": rule.name,
        "ConfigRuleArn": rule.arn,
        "ConfigRuleId": rule.rule_id,
        "FirstActivatedTime": joined,
        "FirstEvaluationStarted": True,
    }
    if checks:
        last = stamp(max(check.invoked for check in checks))
        row |= {"LastSuccessfulInvocationTime": last, "LastSuccessfulEvaluationTime": last}
    broken = [check for check in checks if check.compliance_type is None]
    if broken:
        row["LastFailedEvaluationTime"] = stamp(max(check.changed for check in broken))
        row["LastErrorCode"], row["LastErrorMessage"] = "AccessDenied", REASON["WARNING"][1]
    return row


def compliance_of(place: Place, rule: ConfigRule) -> tuple[str, int]:
    """(compliance type of the rule, how many resources contribute to it)."""
    found = [check.compliance_type for check in place.evaluations(rule)]
    failing = found.count("NON_COMPLIANT")
    if failing:
        return "NON_COMPLIANT", failing
    passing = found.count("COMPLIANT")
    return ("COMPLIANT", passing) if passing else ("INSUFFICIENT_DATA", 0)


def compliance_shape(kind: str, count: int, cap: int) -> dict[str, Any]:
    if kind == "INSUFFICIENT_DATA":
        return {"ComplianceType": kind}
    return {
        "ComplianceType": kind,
        "ComplianceContributorCount": {"CappedCount": min(count, cap), "CapExceeded": count > cap},
    }


@handles(_CONFIG, "DescribeComplianceByConfigRule")
def describe_compliance_by_config_rule(call: Call) -> dict[str, Any]:
    wanted = call.params.get("ComplianceTypes")
    if wanted and "NOT_APPLICABLE" in wanted:
        raise AwsError("InvalidParameterValueException", "ComplianceTypes: NOT_APPLICABLE is not supported here.")
    rows = []
    for rule in named_rules(call, call.params.get("ConfigRuleNames")):
        kind, count = compliance_of(call.place, rule)
        if not wanted or kind in wanted:
            rows.append({"ConfigRuleName": rule.name, "Compliance": compliance_shape(kind, count, _CAP)})
    shown, more = page(call, rows, size=25)
    return {"ComplianceByConfigRules": shown, **more}


@handles(_CONFIG, "GetComplianceDetailsByConfigRule")
def get_compliance_details_by_config_rule(call: Call) -> dict[str, Any]:
    rule, wanted = named_rule(call, call.params["ConfigRuleName"]), call.params.get("ComplianceTypes")
    found = [check for check in call.place.evaluations(rule) if not wanted or check.compliance_type in wanted]
    shown, more = page(call, found, size=10)
    return {"EvaluationResults": results(rule, shown), **more}


def results(rule: ConfigRule, checks: Iterable[Check]) -> list[dict[str, Any]]:
    return [result(rule, check) for check in checks]


def result(rule: ConfigRule, check: Check) -> dict[str, Any]:
    """One evaluation result. OrderingTimestamp: when the resource last changed, as Config orders results by."""
    row: dict[str, Any] = {
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": {
                "ConfigRuleName": rule.name,
                "ResourceType": check.resource.kind.type,
                "ResourceId": check.resource.id,
                "EvaluationMode": "DETECTIVE",
            },
            "OrderingTimestamp": stamp(check.changed),
        },
        "ComplianceType": check.compliance_type,
        "ResultRecordedTime": stamp(check.invoked),
        "ConfigRuleInvokedTime": stamp(check.invoked),
    }
    if check.status == "FAILED":
        row["Annotation"] = annotation(check)
    return row


@handles(_CONFIG, "StartConfigRulesEvaluation")
def start_config_rules_evaluation(call: Call) -> dict[str, Any]:
    """Done with the next step of the world; a second request before that is refused."""
    names = call.params.get("ConfigRuleNames") or []
    if not names:
        raise AwsError("InvalidParameterValueException", "ConfigRuleNames must name 1 to 25 rules.")
    rules = named_rules(call, names)
    if busy := [rule.name for rule in rules if rule.name in call.place.evaluating]:
        raise AwsError("ResourceInUseException", f"The rule {busy[0]} is being evaluated; try again later.")
    arguments = {"account": call.account, "region": call.region, "rules": [rule.name for rule in rules]}
    call.engine.journal.write("evaluate", call.now, arguments)
    return {}

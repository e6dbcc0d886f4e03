"""The organisation's aggregator, in the hub account's home Region: a read-only view of every place."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sandbox.calls import Call, handles
from sandbox.paging import page
from sandbox.protocol import AwsError
from sandbox.services.config.rules import compliance_of, compliance_shape, result
from sandbox.world import Place, stamp
from sandbox.world.places import PACK

_CONFIG = "config"
NAME = "organisation"
_CAP = 100
_COUNTED = ("COMPLIANT", "NON_COMPLIANT")


def aggregated(call: Call, *, at_rest: bool = False) -> list[Place]:
    """Every place that the aggregator reads. Raises AwsError for another name, account or Region."""
    world = call.world
    here = (call.account, call.region) == (world.hub.id, world.home)
    if not here or call.params["ConfigurationAggregatorName"] != NAME:
        raise AwsError(
            "NoSuchConfigurationAggregatorException",
            "The configuration aggregator does not exist. Check the configuration aggregator name and try again.",
        )
    return [place for place in world.places.values() if place.enabled or at_rest]


def _meets(place: Place, filters: dict[str, Any]) -> bool:
    region = filters.get("AwsRegion", place.region)
    return (filters.get("AccountId", place.account), region) == (place.account, place.region)


@handles(_CONFIG, "DescribeConfigurationAggregators")
def describe_configuration_aggregators(call: Call) -> dict[str, Any]:
    world = call.world
    names = call.params.get("ConfigurationAggregatorNames")
    here = (call.account, call.region) == (world.hub.id, world.home)
    if names and (not here or names != [NAME]):
        raise AwsError("NoSuchConfigurationAggregatorException", "The configuration aggregator does not exist.")
    rows = (
        [
            {
                "ConfigurationAggregatorName": NAME,
                "ConfigurationAggregatorArn": f"arn:aws:config:{call.region}:{call.account}:config-aggregator/{NAME}",
                "OrganizationAggregationSource": {
                    "RoleArn": f"arn:aws:iam::{call.account}:role/aws-config-organisation",
                    "AllAwsRegions": True,
                },
                "CreationTime": stamp(world.hub.joined),
                "LastUpdatedTime": stamp(world.hub.joined),
            }
        ]
        if here
        else []
    )
    shown, more = page(call, rows, size=100)
    return {"ConfigurationAggregators": shown, **more}


@handles(_CONFIG, "DescribeConfigurationAggregatorSourcesStatus")
def describe_sources_status(call: Call) -> dict[str, Any]:
    """FAILED where the account is closed, OUTDATED where nothing is recorded any more."""
    wanted, rows = call.params.get("UpdateStatus"), []
    for place in aggregated(call, at_rest=True):
        status = "OUTDATED" if place.recorder_stopped else "SUCCEEDED" if place.enabled else "FAILED"
        row: dict[str, Any] = {
            "SourceId": place.account,
            "SourceType": "ACCOUNT",
            "AwsRegion": place.region,
            "LastUpdateStatus": status,
            "LastUpdateTime": stamp(place.recorder_stopped or call.world.at),
        }
        if status == "FAILED":
            row["LastErrorCode"], row["LastErrorMessage"] = "AccountSuspended", "The account is suspended."
        if not wanted or status in wanted:
            rows.append(row)
    shown, more = page(call, rows, size=100)
    return {"AggregatedSourceStatusList": shown, **more}


@handles(_CONFIG, "DescribeAggregateComplianceByConfigRules")
def describe_aggregate_compliance_by_config_rules(call: Call) -> dict[str, Any]:
    """Rules without a result are left out."""
    filters, rows = call.params.get("Filters", {}), []
    if filters.get("ComplianceType", "COMPLIANT") not in _COUNTED:
        raise AwsError("ValidationException", "Filters.ComplianceType may be COMPLIANT or NON_COMPLIANT.")
    for place in aggregated(call):
        if not _meets(place, filters):
            continue
        for rule in place.rules.values():
            kind, count = compliance_of(place, rule)
            if (
                kind == "INSUFFICIENT_DATA"
                or filters.get("ComplianceType", kind) != kind
                or filters.get("ConfigRuleName", rule.name) != rule.name
            ):
                continue
            rows.append(
                {
                    "ConfigRuleName": rule.name,
                    "Compliance": compliance_shape(kind, count, _CAP),
                    "AccountId": place.account,
                    "AwsRegion": place.region,
                }
            )
    shown, more = page(call, rows, size=1000)
    return {"AggregateComplianceByConfigRules": shown, **more}


@handles(_CONFIG, "GetAggregateComplianceDetailsByConfigRule")
def get_aggregate_compliance_details(call: Call) -> dict[str, Any]:
    """Now and then the first page is empty and carries a token."""
    params, rows = call.params, []
    for place in aggregated(call):
        rule = place.rules.get(params["ConfigRuleName"])
        if rule is None or not _meets(place, params):
            continue
        rows = [
            {**result(rule, check), "AccountId": place.account, "AwsRegion": place.region}
            for check in place.evaluations(rule)
            if params.get("ComplianceType", check.compliance_type) == check.compliance_type
        ]
    shown, more = page(call, rows, size=50, empties=True)
    return {"AggregateEvaluationResults": shown, **more}


@handles(_CONFIG, "GetAggregateConfigRuleComplianceSummary")
def get_aggregate_summary(call: Call) -> dict[str, Any]:
    """How many rules are compliant and not, by account or Region, or in all."""
    filters, key = call.params.get("Filters", {}), call.params.get("GroupByKey")
    groups: dict[str, Counter[str]] = {}
    for place in aggregated(call):
        if _meets(place, filters):
            name = {"ACCOUNT_ID": place.account, "AWS_REGION": place.region}.get(key or "", "ALL")
            counts = groups.setdefault(name, Counter())
            counts.update(compliance_of(place, rule)[0] for rule in place.rules.values())
    rows = [
        {
            **({"GroupName": name} if key else {}),
            "ComplianceSummary": {
                "CompliantResourceCount": _capped(counts["COMPLIANT"]),
                "NonCompliantResourceCount": _capped(counts["NON_COMPLIANT"]),
                "ComplianceSummaryTimestamp": stamp(call.world.at),
            },
        }
        for name, counts in sorted(groups.items())
    ]
    shown, more = page(call, rows, size=1000)
    return {**({"GroupByKey": key} if key else {}), "AggregateComplianceCounts": shown, **more}


def _capped(count: int) -> dict[str, Any]:
    return {"CappedCount": count, "CapExceeded": False}


@handles(_CONFIG, "DescribeAggregateComplianceByConformancePacks")
def describe_aggregate_packs(call: Call) -> dict[str, Any]:
    filters, rows = call.params.get("Filters", {}), []
    for place in aggregated(call):
        if not place.home or not _meets(place, filters) or filters.get("ConformancePackName", PACK) != PACK:
            continue
        kinds = Counter(compliance_of(place, rule)[0] for rule in place.rules.values() if rule.origin == "pack")
        kind = "NON_COMPLIANT" if kinds["NON_COMPLIANT"] else "COMPLIANT" if kinds["COMPLIANT"] else "INSUFFICIENT_DATA"
        if filters.get("ComplianceType", kind) != kind:
            continue
        rows.append(
            {
                "ConformancePackName": PACK,
                "AccountId": place.account,
                "AwsRegion": place.region,
                "Compliance": {
                    "ComplianceType": kind,
                    "CompliantRuleCount": kinds["COMPLIANT"],
                    "NonCompliantRuleCount": kinds["NON_COMPLIANT"],
                    "TotalRuleCount": kinds.total(),
                },
            }
        )
    shown, more = page(call, rows, size=100)
    return {"AggregateComplianceByConformancePacks": shown, **more}

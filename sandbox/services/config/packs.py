"""Conformance packs of one account and Region: one NZISM pack, in the home Region."""

from __future__ import annotations

from typing import Any

from sandbox.calls import Call, handles
from sandbox.paging import page
from sandbox.protocol import AwsError
from sandbox.services.config.rules import compliance_of, result
from sandbox.world import ConfigRule, stamp
from sandbox.world.places import PACK

_CONFIG = "config"


def _arn(call: Call) -> str:
    return f"arn:aws:config:{call.region}:{call.account}:conformance-pack/{PACK}/{_id(call)}"


def _id(call: Call) -> str:
    return f"conformance-pack-{call.place.pack_suffix}"


def _packs(call: Call, *, strict: bool) -> list[str]:
    """The packs asked for that are here. strict: refuse an unknown name."""
    here = [PACK] if call.place.home and call.place.enabled else []
    names = call.params.get("ConformancePackNames") or here
    if strict and any(name not in here for name in names):
        raise _unknown()
    types = call.params.get("Filters", {}).get("Types", ["CUSTOM"])
    return [name for name in names if name in here and "CUSTOM" in types]


def _unknown() -> AwsError:
    return AwsError("NoSuchConformancePackException", "The conformance pack does not exist.")


def _rules(call: Call) -> list[ConfigRule]:
    """The rules of the pack asked for, narrowed by Filters.ConfigRuleNames."""
    if call.params["ConformancePackName"] != PACK or not call.place.home:
        raise _unknown()
    rules = {rule.name: rule for rule in call.place.rules.values() if rule.origin == "pack"}
    names = call.params.get("Filters", {}).get("ConfigRuleNames")
    if names and any(name not in rules for name in names):
        raise AwsError("NoSuchConfigRuleInConformancePackException", "A rule asked for is not in this pack.")
    return [rule for name, rule in rules.items() if not names or name in names]


@handles(_CONFIG, "DescribeConformancePacks")
def describe_conformance_packs(call: Call) -> dict[str, Any]:
    rows = [
        {
            "ConformancePackName": name,
            "ConformancePackArn": _arn(call),
            "ConformancePackId": _id(call),
            "ConformancePackInputParameters": [],
            "DeliveryS3Bucket": "",
            "DeliveryS3KeyPrefix": "",
            "Type": "CUSTOM",
            "LastUpdateRequestedTime": stamp(call.world.accounts[call.account].joined),
        }
        for name in _packs(call, strict=True)
    ]
    shown, more = page(call, rows, size=20)
    return {"ConformancePackDetails": shown, **more}


@handles(_CONFIG, "DescribeConformancePackStatus")
def describe_conformance_pack_status(call: Call) -> dict[str, Any]:
    stacks = f"arn:aws:cloudformation:{call.region}:{call.account}"
    joined = stamp(call.world.accounts[call.account].joined)
    rows = [
        {
            "ConformancePackName": name,
            "ConformancePackArn": _arn(call),
            "ConformancePackId": _id(call),
            "ConformancePackState": "CREATE_COMPLETE",
            "Type": "CUSTOM",
            "LastUpdateRequestedTime": joined,
            "LastUpdateCompletedTime": joined,
            "StackArn": f"{stacks}:stack/awsconfigconforms-{PACK}/{_id(call)}",
        }
        for name in _packs(call, strict=False)
    ]
    shown, more = page(call, rows, size=20)
    return {"ConformancePackStatusDetails": shown, **more}


@handles(_CONFIG, "DescribeConformancePackCompliance")
def describe_conformance_pack_compliance(call: Call) -> dict[str, Any]:
    """Controls: the NZISM paragraphs (CIDs) that the pack's template names for the rule."""
    wanted = call.params.get("Filters", {}).get("ComplianceType")
    rows = []
    for rule in _rules(call):
        kind = compliance_of(call.place, rule)[0]
        if wanted in (None, kind):
            rows.append({"ConfigRuleName": rule.name, "ComplianceType": kind, "Controls": list(rule.controls)})
    shown, more = page(call, rows, size=1000)
    return {"ConformancePackName": PACK, "ConformancePackRuleComplianceList": shown, **more}


@handles(_CONFIG, "GetConformancePackComplianceDetails")
def get_conformance_pack_compliance_details(call: Call) -> dict[str, Any]:
    filters = call.params.get("Filters", {})
    wanted, ids = filters.get("ComplianceType"), filters.get("ResourceIds")
    if ids and "ResourceType" not in filters:
        raise AwsError("InvalidParameterValueException", "Filters.ResourceIds needs Filters.ResourceType.")
    pairs = [
        (rule, check)
        for rule in _rules(call)
        for check in call.place.evaluations(rule)
        if check.compliance_type in _COUNTED
        and wanted in (None, check.compliance_type)
        and filters.get("ResourceType", check.resource.kind.type) == check.resource.kind.type
        and (not ids or check.resource.id in ids)
    ]
    shown, more = page(call, pairs, size=10)
    return {
        "ConformancePackName": PACK,
        "ConformancePackRuleEvaluationResults": [result(rule, check) for rule, check in shown],
        **more,
    }


_COUNTED = ("COMPLIANT", "NON_COMPLIANT")


@handles(_CONFIG, "ListConformancePackComplianceScores")
def list_conformance_pack_compliance_scores(call: Call) -> dict[str, Any]:
    """Score: compliant rule-resource pairs of all, in percent, as text; or INSUFFICIENT_DATA."""
    asked = call.params.get("Filters", {}).get("ConformancePackNames", [PACK])
    rows = []
    for name in (name for name in asked if name == PACK and call.place.home and call.place.enabled):
        kinds = [
            check.compliance_type
            for rule in call.place.rules.values()
            if rule.origin == "pack"
            for check in call.place.evaluations(rule)
            if check.compliance_type in _COUNTED
        ]
        score = f"{100 * kinds.count('COMPLIANT') / len(kinds):.2f}" if kinds else "INSUFFICIENT_DATA"
        rows.append({"ConformancePackName": name, "Score": score, "LastUpdatedTime": stamp(call.world.at)})
    shown, more = page(call, rows, size=20)
    return {"ConformancePackComplianceScores": shown, **more}

"""Resources as Config recorded them: lists, current items, history, and the advanced query."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sandbox.calls import Call, handles
from sandbox.paging import page
from sandbox.protocol import AwsError
from sandbox.services.config import sql
from sandbox.services.config.aggregator import aggregated
from sandbox.world import DAY, Place, Resource, stamp

_CONFIG = "config"
_KEPT_AT_MOST = 8
_LAST: dict[tuple[str, ...], tuple[tuple[int, ...], list[dict[str, Any]]]] = {}


def _item(resource: Resource, *, names: bool = True) -> dict[str, Any]:
    """A configuration item without tags, as the batch operations answer."""
    captured = stamp(resource.deleted or resource.created)
    row: dict[str, Any] = {
        "version": "1.3",
        "accountId": resource.account,
        "configurationItemCaptureTime": captured,
        "configurationItemStatus": "ResourceDeleted" if resource.deleted else "ResourceDiscovered",
        "configurationStateId": str(resource.deleted or resource.created),
        "arn": resource.arn,
        "resourceType": resource.kind.type,
        "resourceId": resource.id,
        "awsRegion": resource.region,
        "availabilityZone": "Not Applicable",
        "resourceCreationTime": stamp(resource.created),
        "configuration": json.dumps(resource.configuration(), ensure_ascii=False),
        "supplementaryConfiguration": {},
        "recordingFrequency": "CONTINUOUS",
    }
    return {**row, "resourceName": resource.name} if names else row


def _recorded(place: Place, resource_type: str) -> list[Resource]:
    return [resource for (kind, _), resource in place.resources.items() if kind == resource_type]


@handles(_CONFIG, "ListDiscoveredResources")
def list_discovered_resources(call: Call) -> dict[str, Any]:
    params = call.params
    if params.get("resourceIds") and params.get("resourceName"):
        raise AwsError("ValidationException", "You can specify resourceIds or resourceName, not both.")
    found = _recorded(call.place, params["resourceType"])
    if params.get("includeDeletedResources"):
        found += [gone for (kind, _), gone in call.place.deleted.items() if kind == params["resourceType"]]
    rows = []
    for resource in found:
        if (params.get("resourceIds") and resource.id not in params["resourceIds"]) or params.get(
            "resourceName"
        ) not in (None, resource.name):
            continue
        row: dict[str, Any] = {
            "resourceType": resource.kind.type,
            "resourceId": resource.id,
            "resourceName": resource.name,
        }
        rows.append({**row, "resourceDeletionTime": stamp(resource.deleted)} if resource.deleted else row)
    shown, more = page(call, rows, size=100)
    return {"resourceIdentifiers": shown, **more}


@handles(_CONFIG, "ListAggregateDiscoveredResources")
def list_aggregate_discovered_resources(call: Call) -> dict[str, Any]:
    filters, rows = call.params.get("Filters", {}), []
    for place in aggregated(call):
        if (
            filters.get("AccountId", place.account) != place.account
            or filters.get("Region", place.region) != place.region
        ):
            continue
        for resource in _recorded(place, call.params["ResourceType"]):
            if (
                filters.get("ResourceId", resource.id) == resource.id
                and filters.get("ResourceName", resource.name) == resource.name
            ):
                rows.append(
                    {
                        "SourceAccountId": place.account,
                        "SourceRegion": place.region,
                        "ResourceId": resource.id,
                        "ResourceType": resource.kind.type,
                        "ResourceName": resource.name,
                    }
                )
    shown, more = page(call, rows, size=100, empties=True)
    return {"ResourceIdentifiers": shown, **more}


@handles(_CONFIG, "BatchGetResourceConfig")
def batch_get_resource_config(call: Call) -> dict[str, Any]:
    items, missing = [], []
    for key in call.params["resourceKeys"]:
        resource = call.place.resources.get((key["resourceType"], key["resourceId"]))
        if resource is None:
            missing.append(key)
        else:
            items.append(_item(resource))
    return {"baseConfigurationItems": items, **({"unprocessedResourceKeys": missing} if missing else {})}


@handles(_CONFIG, "BatchGetAggregateResourceConfig")
def batch_get_aggregate_resource_config(call: Call) -> dict[str, Any]:
    places = {(place.account, place.region): place for place in aggregated(call)}
    items, missing = [], []
    for key in call.params["ResourceIdentifiers"]:
        place = places.get((key["SourceAccountId"], key["SourceRegion"]))
        resource = place.resources.get((key["ResourceType"], key["ResourceId"])) if place is not None else None
        if resource is None:
            missing.append(key)
        else:
            items.append(_item(resource))
    return {"BaseConfigurationItems": items, "UnprocessedResourceIdentifiers": missing}


@handles(_CONFIG, "GetResourceConfigHistory")
def get_resource_config_history(call: Call) -> dict[str, Any]:
    """Items of one resource; without times the last 7 days, and never more than 7 days in one call."""
    params, key = call.params, (call.params["resourceType"], call.params["resourceId"])
    resource = call.place.resources.get(key) or call.place.deleted.get(key)
    if resource is None:
        raise AwsError(
            "ResourceNotDiscoveredException",
            f"Resource {key[1]} of resourceType:{key[0]} is unknown or has not been discovered",
        )
    later = int(params["laterTime"].timestamp() * 1000) if "laterTime" in params else call.now
    earlier = int(params["earlierTime"].timestamp() * 1000) if "earlierTime" in params else later - 7 * DAY
    if earlier > later or later - earlier > 7 * DAY:
        raise AwsError(
            "InvalidTimeRangeException",
            "The specified time range is not valid. The earlier time must be "
            "before the later, and a call spans 7 days at most.",
        )
    moments = [(resource.created, "ResourceDiscovered")]
    if resource.deleted:
        moments.append((resource.deleted, "ResourceDeleted"))
    rows = [_past(resource, moment, status) for moment, status in moments if earlier <= moment <= later]
    if params.get("chronologicalOrder", "Reverse") == "Reverse":
        rows.reverse()
    shown, more = page(call, rows, size=10)
    return {"configurationItems": shown, **more}


def _past(resource: Resource, moment: int, status: str) -> dict[str, Any]:
    row = _item(resource) | {
        "configurationItemCaptureTime": stamp(moment),
        "configurationItemStatus": status,
        "configurationStateId": str(moment),
        "tags": resource.tags,
        "relatedEvents": [],
        "relationships": [],
    }
    row["configurationItemMD5Hash"] = hashlib.md5(row["configuration"].encode(), usedforsecurity=False).hexdigest()
    return row


@handles(_CONFIG, "SelectResourceConfig")
def select_resource_config(call: Call) -> dict[str, Any]:
    return _selected(call, [call.place])


@handles(_CONFIG, "SelectAggregateResourceConfig")
def select_aggregate_resource_config(call: Call) -> dict[str, Any]:
    return _selected(call, aggregated(call))


def _selected(call: Call, places: list[Place]) -> dict[str, Any]:
    """Results are JSON texts."""
    query = sql.parse(call.params["Expression"])
    shown, more = page(call, _matching(call, places, query), size=25)
    return {
        "Results": [json.dumps(query.pick(row), ensure_ascii=False) for row in shown],
        "QueryInfo": {"SelectFields": [{"Name": name} for name in query.fields]},
        **more,
    }


def _matching(call: Call, places: list[Place], query: sql.Query) -> list[dict[str, Any]]:
    """What the query finds; kept while its pages are walked through and the world stays as it is."""
    world = call.world
    asked = (call.operation, call.account, call.region, call.params["Expression"])
    state = (id(world), world.edition, world.at)
    kept = _LAST.get(asked)
    if kept is None or kept[0] != state:
        if len(_LAST) >= _KEPT_AT_MOST:
            _LAST.clear()
        meant = [place for place in places if query.asks_of(place.account, place.region)]
        rows = [row for place in meant for row in _rows(place, query.types()) if query.meets(row)]
        kept = _LAST[asked] = (state, rows)
    return kept[1]


def _rows(place: Place, types: set[str] | None) -> list[dict[str, Any]]:
    """What the query sees: resources, and one AWS::Config::ResourceCompliance per judged resource."""
    rows = []
    if types is None or types - {sql.COMPLIANCE}:
        rows = [
            {
                "resourceId": r.id,
                "resourceName": r.name,
                "resourceType": r.kind.type,
                "arn": r.arn,
                "accountId": r.account,
                "awsRegion": r.region,
                "availabilityZone": "Not Applicable",
                "resourceCreationTime": stamp(r.created).isoformat(),
                "configurationItemStatus": "ResourceDiscovered",
                "tags": [{"key": k, "value": v, "tag": f"{k}={v}"} for k, v in r.tags.items()],
                "configuration": r.configuration(),
            }
            for r in place.resources.values()
        ]
    if types is None or sql.COMPLIANCE in types:
        rows += _compliance_rows(place)
    return rows


def _compliance_rows(place: Place) -> list[dict[str, Any]]:
    judged: dict[tuple[str, str], list[dict[str, str]]] = {}
    for rule in place.rules.values():
        for check in place.evaluations(rule):
            key = (check.resource.kind.type, check.resource.id)
            judged.setdefault(key, []).append(
                {
                    "configRuleName": rule.name,
                    "configRuleArn": rule.arn,
                    "complianceType": check.compliance_type or "",
                }
            )
    return [
        {
            "resourceId": f"{kind}/{name}",
            "resourceType": sql.COMPLIANCE,
            "accountId": place.account,
            "awsRegion": place.region,
            "configuration": {
                "targetResourceId": name,
                "targetResourceType": kind,
                "configRuleList": rules,
                "complianceType": "NON_COMPLIANT"
                if any(r["complianceType"] == "NON_COMPLIANT" for r in rules)
                else "COMPLIANT",
            },
        }
        for (kind, name), rules in judged.items()
    ]

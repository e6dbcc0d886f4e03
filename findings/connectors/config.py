"""AWS Config: evaluations, resources and recorders, through an aggregator or in the account itself.

Both ways answer the same questions: which rules have results (`matrix`), what one rule found
(`details`), what all rules found of all resources (`summary`), what resources there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from sys import intern
from typing import Any, Protocol
from uuid import UUID

import orjson

from findings.aws import Service
from findings.connectors.config_rules import SECURITY_HUB, Rule
from findings.models import Severity, Source, Status
from findings.parallel import in_parallel
from findings.staging import StagedFinding, StagedResource, content_hash_of, uid_of

Cell = tuple[str, str, str]
"""Account, region and rule name."""
Subject = tuple[str, str, str, str]
"""Account, region, resource type and resource id, as Config names them."""

COMPLIANCE_ITEM = "AWS::Config::ResourceCompliance"
OWN_ITEMS = (COMPLIANCE_ITEM, "AWS::Config::ConformancePackCompliance")
AT_ONCE = 100
IDS_IN_A_QUERY = 20
FIELDS = "resourceId, resourceName, resourceType, arn, accountId, awsRegion, tags"
JUDGED = (
    f"SELECT resourceId WHERE resourceType = '{COMPLIANCE_ITEM}'"
    " AND configuration.configRuleList.complianceType = '{word}'"
)
COMPLIANCE_FIELDS = (
    "accountId, awsRegion, configuration.targetResourceType, configuration.targetResourceId,"
    " configuration.configRuleList"
)
STATUS = {
    "COMPLIANT": Status.PASS,
    "NON_COMPLIANT": Status.FAIL,
    "NOT_APPLICABLE": Status.NOT_APPLICABLE,
    "INSUFFICIENT_DATA": Status.UNKNOWN,
}


class Way(Protocol):
    """A way to Config's answers."""

    def matrix(self) -> dict[Cell, str]: ...

    def details(self, cell: Cell) -> list[dict[str, Any]]: ...

    def select(self, expression: str) -> Iterator[dict[str, Any]]: ...


@dataclass(frozen=True)
class Aggregate:
    """Through the aggregator `name` of the hub."""

    config: Service
    name: str

    def matrix(self) -> dict[Cell, str]:
        """Compliance type of each rule that has results. Source: DescribeAggregateComplianceByConfigRules."""
        rows = self.config.items(
            "describe_aggregate_compliance_by_config_rules",
            "AggregateComplianceByConfigRules",
            ConfigurationAggregatorName=self.name,
            Limit=1000,
        )
        return {
            (row["AccountId"], row["AwsRegion"], row["ConfigRuleName"]): row["Compliance"]["ComplianceType"]
            for row in rows
        }

    def details(self, cell: Cell) -> list[dict[str, Any]]:
        """Every result of one rule, compliant or not. Source: GetAggregateComplianceDetailsByConfigRule."""
        account, region, rule = cell
        return list(
            self.config.items(
                "get_aggregate_compliance_details_by_config_rule",
                "AggregateEvaluationResults",
                ConfigurationAggregatorName=self.name,
                ConfigRuleName=rule,
                AccountId=account,
                AwsRegion=region,
                Limit=AT_ONCE,
            )
        )

    def select(self, expression: str) -> Iterator[dict[str, Any]]:
        """Source: SelectAggregateResourceConfig."""
        results = self.config.items(
            "select_aggregate_resource_config",
            "Results",
            ConfigurationAggregatorName=self.name,
            Expression=expression,
            Limit=AT_ONCE,
        )
        return map(orjson.loads, results)


@dataclass(frozen=True)
class Direct:
    """In the account and region itself."""

    config: Service

    def matrix(self) -> dict[Cell, str]:
        """Source: DescribeComplianceByConfigRule."""
        rows = self.config.items("describe_compliance_by_config_rule", "ComplianceByConfigRules")
        return {
            (self.config.account, self.config.region, row["ConfigRuleName"]): row["Compliance"]["ComplianceType"]
            for row in rows
        }

    def details(self, cell: Cell) -> list[dict[str, Any]]:
        """Source: GetComplianceDetailsByConfigRule."""
        rows = self.config.items(
            "get_compliance_details_by_config_rule",
            "EvaluationResults",
            ConfigRuleName=cell[2],
            Limit=AT_ONCE,
        )
        return list(rows)

    def select(self, expression: str) -> Iterator[dict[str, Any]]:
        """Source: SelectResourceConfig."""
        results = self.config.items("select_resource_config", "Results", Expression=expression, Limit=AT_ONCE)
        return map(orjson.loads, results)


@dataclass(frozen=True)
class Aggregated:
    """What an aggregator says of one of its sources. status: SUCCEEDED, OUTDATED or FAILED."""

    status: str
    updated_at: datetime | None
    error: str


def aggregator(hub: Service) -> str:
    """The name of the hub's aggregator, an organisation's before any other; empty where there is none."""
    rows = list(hub.items("describe_configuration_aggregators", "ConfigurationAggregators"))
    rows.sort(key=lambda row: "OrganizationAggregationSource" not in row)
    return str(rows[0]["ConfigurationAggregatorName"]) if rows else ""


def aggregated_places(hub: Service, name: str) -> dict[tuple[str, str], Aggregated]:
    """Accounts and regions that the aggregator covers. Source: DescribeConfigurationAggregatorSourcesStatus."""
    rows = hub.items(
        "describe_configuration_aggregator_sources_status",
        "AggregatedSourceStatusList",
        ConfigurationAggregatorName=name,
    )
    return {
        (row["SourceId"], row["AwsRegion"]): Aggregated(
            row.get("LastUpdateStatus", ""), row.get("LastUpdateTime"), row.get("LastErrorMessage", "")
        )
        for row in rows
        if row.get("SourceType", "ACCOUNT") == "ACCOUNT" and "AwsRegion" in row
    }


def recording(config: Service) -> dict[str, Any]:
    """What the recorder records, as Scope.recording keeps it. Without a recorder nothing is recorded."""
    recorders = config.call("describe_configuration_recorders").get("ConfigurationRecorders") or []
    statuses = config.call("describe_configuration_recorder_status").get("ConfigurationRecordersStatus") or []
    running = [row for row in statuses if row.get("recording")]
    groups = [row.get("recordingGroup") or {} for row in recorders]
    stopped = max((row["lastStopTime"] for row in statuses if "lastStopTime" in row), default=None)
    return {
        "recording": bool(running),
        "all_supported": any(group.get("allSupported") for group in groups),
        "types": sorted({kind for group in groups for kind in group.get("resourceTypes") or ()}),
        "last_status": str(statuses[0].get("lastStatus", "")) if statuses else "",
        "stopped_at": stopped.isoformat() if stopped and not running else "",
        "recorder": bool(recorders),
    }


def last_evaluated(config: Service) -> datetime | None:
    """When any rule was last evaluated there. Source: DescribeConfigRuleEvaluationStatus."""
    rows = config.items("describe_config_rule_evaluation_status", "ConfigRulesEvaluationStatus")
    return max(
        (row["LastSuccessfulEvaluationTime"] for row in rows if "LastSuccessfulEvaluationTime" in row), default=None
    )


@dataclass(frozen=True)
class Summary:
    """What all rules found of all resources, as far as Config keeps it in its compliance items.

    results: compliance type by cell, resource type and resource id. arns: the rules' ARNs.
    """

    results: dict[Cell, dict[tuple[str, str], str]]
    arns: dict[Cell, str]


def words(way: Way) -> frozenset[str]:
    """The compliance types that Config's compliance items tell of: of others their silence says nothing.

    None at all where Config records no such items.
    """
    asked = in_parallel(lambda word: next(way.select(JUDGED.format(word=word)), None), STATUS)
    said = frozenset(word for word, row in zip(STATUS, asked, strict=True) if row is not None)
    return said | {"COMPLIANT", "NON_COMPLIANT"} if said else said


def summary(way: Way, account: str) -> Summary:
    """What all rules found in an account."""
    found = Summary({}, {})
    query = f"SELECT {COMPLIANCE_FIELDS} WHERE resourceType = '{COMPLIANCE_ITEM}' AND accountId = '{account}'"
    for row in way.select(query):
        body = row.get("configuration") or {}
        subject = (intern(str(body.get("targetResourceType"))), str(body.get("targetResourceId")))
        for rule in body.get("configRuleList") or ():
            cell = (account, intern(row["awsRegion"]), intern(str(rule.get("configRuleName"))))
            found.results.setdefault(cell, {})[subject] = intern(str(rule.get("complianceType")))
            found.arns[cell] = str(rule.get("configRuleArn") or "")
    return found


def resources(way: Way, account: str) -> Iterator[tuple[Subject, StagedResource]]:
    """Every resource of an account that is recorded now."""
    yield from _resources(way.select(f"SELECT {FIELDS} WHERE accountId = '{account}'"))


def resources_named(way: Way, subjects: Iterable[Subject]) -> Iterator[tuple[Subject, StagedResource]]:
    """These resources, as far as they are recorded."""
    ids = sorted({subject[3] for subject in subjects})
    for begin in range(0, len(ids), IDS_IN_A_QUERY):
        listed = ", ".join("'" + name.replace("'", "''") + "'" for name in ids[begin : begin + IDS_IN_A_QUERY])
        yield from _resources(way.select(f"SELECT {FIELDS} WHERE resourceId IN ({listed})"))


def _resources(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[Subject, StagedResource]]:
    for row in rows:
        if row["resourceType"] in OWN_ITEMS:
            continue
        place = (intern(row["accountId"]), intern(row["awsRegion"]))
        subject = (*place, intern(row["resourceType"]), row["resourceId"])
        tags = {tag["key"]: tag.get("value") or "" for tag in row.get("tags") or ()}
        arn = row.get("arn") or ""
        yield (
            subject,
            StagedResource(
                key=arn if arn.startswith("arn:") else "/".join(subject),
                type=subject[2],
                native_id=subject[3],
                account=subject[0],
                region=subject[1],
                name=tags.get("Name") or row.get("resourceName") or subject[3],
                tags=tags,
                in_inventory=True,
            ),
        )


def unlisted(subject: Subject) -> StagedResource:
    """A resource of which Config's inventory says nothing (any more)."""
    native_id = subject[3]
    key = native_id if native_id.startswith("arn:") else "/".join(subject)
    return StagedResource(key, subject[2], native_id, subject[0], subject[1], name=native_id)


def staged(row: dict[str, Any], rule: Rule, resource: StagedResource, subject: Subject) -> StagedFinding:
    """One evaluation result as a finding. Rules that Security Hub made are scored by Security Hub."""
    account, region, type_, resource_id = subject
    word = str(row["ComplianceType"])
    recorded = datetime.fromtimestamp(row["ResultRecordedTime"], UTC)
    invoked = datetime.fromtimestamp(row.get("ConfigRuleInvokedTime") or row["ResultRecordedTime"], UTC)
    return StagedFinding(
        source=Source.CONFIG,
        uid=uid_of(Source.CONFIG, account, region, rule.name, type_, resource_id),
        native_id=f"{rule.arn or rule.name}|{type_}|{resource_id}",
        account=account,
        region=region,
        check=rule.check,
        resources=[resource],
        status=STATUS.get(word, Status.UNKNOWN),
        compliance_status=word,
        severity=Severity.NONE,
        updated_at=recorded,
        raw=orjson.dumps(row),
        content_hash=_content(row),
        evaluated_at=invoked,
        title=str(row.get("Annotation") or ""),
        rule_name=rule.name,
        origin=rule.origin,
        scored=rule.origin != SECURITY_HUB,
    )


def subject_of(row: dict[str, Any], cell: Cell) -> Subject:
    """The resource that an evaluation result is about."""
    qualifier = row["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
    return (cell[0], cell[1], str(qualifier["ResourceType"]), str(qualifier["ResourceId"]))


def _content(row: dict[str, Any]) -> UUID:
    """A hash of what the result says, without when it was said."""
    qualifier = row["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
    return content_hash_of({"says": row["ComplianceType"], "why": row.get("Annotation"), "of": qualifier})

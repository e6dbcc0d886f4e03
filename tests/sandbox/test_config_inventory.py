"""Resources, their history, and the query language."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.conftest import Estate

AGGREGATOR = "organisation"


def everything(client: Any, operation: str, key: str, **asked: Any) -> Any:
    return [row for page in client.get_paginator(operation).paginate(**asked) for row in page[key]]


def buckets(estate: Estate, **asked: Any) -> Any:
    return everything(
        estate.client("config"),
        "list_aggregate_discovered_resources",
        "ResourceIdentifiers",
        ConfigurationAggregatorName=AGGREGATOR,
        ResourceType="AWS::S3::Bucket",
        **asked,
    )


def select(estate: Estate, expression: str, **options: Any) -> Any:
    client = estate.client("config", **options)
    answer = client.get_paginator("select_aggregate_resource_config").paginate(
        Expression=expression, ConfigurationAggregatorName=AGGREGATOR
    )
    return [json.loads(row) for page in answer for row in page["Results"]]


def test_the_inventory_of_the_organisation_equals_that_of_its_accounts(estate: Estate) -> None:
    rows = buckets(estate)
    account, region = rows[0]["SourceAccountId"], rows[0]["SourceRegion"]
    own = everything(
        estate.client("config", account=account, region=region),
        "list_discovered_resources",
        "resourceIdentifiers",
        resourceType="AWS::S3::Bucket",
    )
    assert [r["resourceId"] for r in own] == [
        r["ResourceId"] for r in buckets(estate, Filters={"AccountId": account, "Region": region})
    ]


def test_there_are_resources_that_no_control_checks(estate: Estate) -> None:
    assert select(estate, "SELECT resourceId WHERE resourceType = 'AWS::EC2::InternetGateway'")


def test_current_items_come_in_batches(estate: Estate) -> None:
    wanted = buckets(estate)[:3]
    gone = {**wanted[0], "ResourceId": "no-such-bucket"}
    answer = estate.client("config").batch_get_aggregate_resource_config(
        ConfigurationAggregatorName=AGGREGATOR, ResourceIdentifiers=[*wanted, gone]
    )
    assert [i["resourceId"] for i in answer["BaseConfigurationItems"]] == [r["ResourceId"] for r in wanted]
    assert [r["ResourceId"] for r in answer["UnprocessedResourceIdentifiers"]] == ["no-such-bucket"]
    own = estate.client("config", account=wanted[0]["SourceAccountId"], region=wanted[0]["SourceRegion"])
    item = own.batch_get_resource_config(
        resourceKeys=[{"resourceType": "AWS::S3::Bucket", "resourceId": wanted[0]["ResourceId"]}]
    )["baseConfigurationItems"][0]
    assert item["arn"] == f"arn:aws:s3:::{wanted[0]['ResourceId']}"


def test_a_query_selects_and_narrows(estate: Estate) -> None:
    account = estate.account("payments-prod")
    rows = select(
        estate,
        "SELECT resourceId, arn, tags WHERE resourceType IN ('AWS::S3::Bucket', 'AWS::EC2::Instance') "
        f"AND accountId = '{account}' AND awsRegion LIKE 'ap-%'",
    )
    assert rows
    assert all(set(row) <= {"resourceId", "arn", "tags"} for row in rows)
    assert {row["arn"].split(":")[2] for row in rows} <= {"s3", "ec2"}


def test_a_query_finds_what_is_not_compliant(estate: Estate) -> None:
    rows = select(
        estate,
        "SELECT resourceId, configuration.targetResourceId, configuration.complianceType "
        "WHERE resourceType = 'AWS::Config::ResourceCompliance' AND configuration.complianceType = 'NON_COMPLIANT'",
    )
    assert rows
    assert {row["configuration"]["complianceType"] for row in rows} == {"NON_COMPLIANT"}


@pytest.mark.parametrize(
    "expression",
    [
        "SELECT *",
        "SELECT COUNT(*)",
        "SELECT resourceId WHERE resourceType = 'a' OR resourceType = 'b'",
        "SELECT resourceId WHERE resourceId != 'a'",
        "SELECT resourceId WHERE resourceId LIKE '%a'",
        "SELECT resourceId GROUP BY resourceId",
        "SELECT resourceId WHERE colour = 'red'",
        "DELETE resourceId",
    ],
)
def test_a_query_beyond_the_part_understood_is_refused(estate: Estate, expression: str) -> None:
    client = estate.client("config")
    with pytest.raises(client.exceptions.InvalidExpressionException):
        client.select_resource_config(Expression=expression)


def test_history_spans_seven_days_a_call(own_estate: Estate) -> None:
    kinds = "('AWS::S3::Bucket', 'AWS::Lambda::Function', 'AWS::EC2::Instance')"
    found = select(own_estate, f"SELECT resourceId, resourceType, accountId, awsRegion WHERE resourceType IN {kinds}")[
        0
    ]
    key = {"resourceType": found["resourceType"], "resourceId": found["resourceId"]}
    client = own_estate.client("config", account=found["accountId"], region=found["awsRegion"])
    now = datetime.fromisoformat(own_estate.world["now"])
    with pytest.raises(client.exceptions.InvalidTimeRangeException):
        client.get_resource_config_history(**key, laterTime=now, earlierTime=now - timedelta(days=8))
    with pytest.raises(client.exceptions.ResourceNotDiscoveredException):
        client.get_resource_config_history(resourceType="AWS::EC2::VPC", resourceId="vpc-unknown")
    arn = client.batch_get_resource_config(resourceKeys=[key])["baseConfigurationItems"][0]["arn"]
    own_estate.control("change", {"change": "delete_resource", "arn": arn})
    (item,) = client.get_resource_config_history(**key)["configurationItems"]
    assert item["configurationItemStatus"] == "ResourceDeleted"
    gone = client.list_discovered_resources(
        resourceType=key["resourceType"], resourceIds=[key["resourceId"]], includeDeletedResources=True
    )["resourceIdentifiers"]
    assert gone[0]["resourceDeletionTime"]


def test_how_long_config_keeps_its_records(estate: Estate) -> None:
    (row,) = estate.client("config").describe_retention_configurations()["RetentionConfigurations"]
    assert row["RetentionPeriodInDays"] == 2557

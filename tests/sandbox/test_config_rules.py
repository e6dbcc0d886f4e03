"""Config rules and what they found, read in the account and through the aggregator."""

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import Estate

AGGREGATOR = "organisation"


def everything(client: Any, operation: str, key: str, **asked: Any) -> Any:
    return [row for page in client.get_paginator(operation).paginate(**asked) for row in page[key]]


def details(client: Any, rule: str) -> Any:
    return everything(client, "get_compliance_details_by_config_rule", "EvaluationResults", ConfigRuleName=rule)


def test_every_rule_of_an_account_has_the_results_that_the_sandbox_counts(estate: Estate) -> None:
    account, client = estate.account("payments-prod"), None

    def read() -> Any:
        client = estate.client("config", account=account)
        rules = everything(client, "describe_config_rules", "ConfigRules")
        return {
            rule["ConfigRuleName"]: Counter(r["ComplianceType"] for r in details(client, rule["ConfigRuleName"]))
            for rule in rules
        }

    assert client is None
    found, facts = estate.settled(read)
    assert found == facts["config"][account]["ap-southeast-2"]


def test_the_aggregator_reports_every_rule_with_a_result(estate: Estate) -> None:
    client = estate.client("config")

    def read() -> Any:
        return everything(
            client,
            "describe_aggregate_compliance_by_config_rules",
            "AggregateComplianceByConfigRules",
            ConfigurationAggregatorName=AGGREGATOR,
        )

    rows, facts = estate.settled(read)
    found = {
        (row["AccountId"], row["AwsRegion"], row["ConfigRuleName"]): (
            row["Compliance"]["ComplianceType"],
            row["Compliance"]["ComplianceContributorCount"]["CappedCount"],
        )
        for row in rows
    }
    expected = {}
    for account, regions in facts["config"].items():
        for region, rules in regions.items():
            for rule, counts in rules.items():
                for kind in ("NON_COMPLIANT", "COMPLIANT"):
                    if counts.get(kind):
                        expected[account, region, rule] = (kind, min(counts[kind], 100))
                        break
    assert found == expected


def test_aggregate_details_equal_the_account_s_own(estate: Estate) -> None:
    account = estate.account("customer-portal-prod")
    own = estate.client("config", account=account)
    rule = next(
        r["ConfigRuleName"]
        for r in everything(own, "describe_compliance_by_config_rule", "ComplianceByConfigRules")
        if r["Compliance"]["ComplianceType"] == "NON_COMPLIANT"
    )
    hub = estate.client("config")
    asked = {
        "ConfigurationAggregatorName": AGGREGATOR,
        "ConfigRuleName": rule,
        "AccountId": account,
        "AwsRegion": "ap-southeast-2",
    }
    pages = [
        list(hub.get_paginator("get_aggregate_compliance_details_by_config_rule").paginate(**asked)) for _ in range(3)
    ]
    assert any(not page["AggregateEvaluationResults"] and "NextToken" in page for run in pages for page in run)
    for run in pages:
        gathered = [row for page in run for row in page["AggregateEvaluationResults"]]
        assert [
            (r["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"], r["ComplianceType"])
            for r in gathered
        ] == [
            (r["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"], r["ComplianceType"])
            for r in details(own, rule)
        ]


def test_rules_say_who_made_them(estate: Estate) -> None:
    rules = everything(estate.client("config"), "describe_config_rules", "ConfigRules")
    made = Counter(rule.get("CreatedBy") for rule in rules)
    assert made[None] == 3
    assert made["securityhub.amazonaws.com"] > 60
    assert made["config-conforms.amazonaws.com"] > 20
    for rule in rules:
        service_linked = "/aws-service-rule/" in rule["ConfigRuleArn"]
        assert service_linked == ("CreatedBy" in rule)
        assert len(rule["ConfigRuleName"]) <= 64


def test_one_rule_has_nothing_in_scope(estate: Estate) -> None:
    client = estate.client("config")
    (row,) = client.describe_compliance_by_config_rule(ConfigRuleNames=["dms-replication-not-public"])[
        "ComplianceByConfigRules"
    ]
    assert row["Compliance"] == {"ComplianceType": "INSUFFICIENT_DATA"}
    assert details(client, "dms-replication-not-public") == []


def test_a_control_finding_and_its_rule_tell_the_same(estate: Estate) -> None:
    account = estate.account("hr-systems-prod")
    found = estate.findings(
        account=account,
        Filters={
            "ComplianceSecurityControlId": [{"Value": "S3.14", "Comparison": "EQUALS"}],
            "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
            "Region": [{"Value": "ap-southeast-2", "Comparison": "EQUALS"}],
        },
    )
    rule = found[0]["ProductFields"]["RelatedAWSResources:0/name"]
    judged = {
        r["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"]: r["ComplianceType"]
        for r in details(estate.client("config", account=account), rule)
    }
    words = {"PASSED": "COMPLIANT", "FAILED": "NON_COMPLIANT", "NOT_AVAILABLE": "NOT_APPLICABLE"}
    told = {
        f["Resources"][0]["Id"].rsplit(":", 1)[1]: words[f["Compliance"]["Status"]]
        for f in found
        if f["Compliance"]["Status"] in words
    }
    assert judged == told


def test_a_stopped_recorder_is_seen(estate: Estate) -> None:
    (account, region), *_ = estate.world["places_without_recording"]
    client = estate.client("config", account=account, region=region)
    assert client.describe_configuration_recorders()["ConfigurationRecorders"][0]["recordingGroup"]["allSupported"]
    (status,) = client.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    assert status["recording"] is False
    assert status["lastStopTime"]
    rules = client.describe_config_rule_evaluation_status()["ConfigRulesEvaluationStatus"]
    assert (
        max(r["LastSuccessfulEvaluationTime"] for r in rules if "LastSuccessfulEvaluationTime" in r)
        <= status["lastStopTime"]
    )


def test_the_aggregator_says_which_sources_are_stale(estate: Estate) -> None:
    client = estate.client("config")
    (aggregator,) = client.describe_configuration_aggregators()["ConfigurationAggregators"]
    assert aggregator["ConfigurationAggregatorName"] == AGGREGATOR
    rows = everything(
        client,
        "describe_configuration_aggregator_sources_status",
        "AggregatedSourceStatusList",
        ConfigurationAggregatorName=AGGREGATOR,
    )
    by_status: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        by_status.setdefault(row["LastUpdateStatus"], set()).add((row["SourceId"], row["AwsRegion"]))
    assert by_status["OUTDATED"] == {tuple(pair) for pair in estate.world["places_without_recording"]}
    assert {account for account, _ in by_status["FAILED"]} == {estate.account("old-website")}


def test_the_aggregator_stands_in_the_hub_s_home_region_only(estate: Estate) -> None:
    for options in ({"account": estate.account("payments-prod")}, {"region": "us-east-1"}):
        client = estate.client("config", **options)
        assert client.describe_configuration_aggregators()["ConfigurationAggregators"] == []
        with pytest.raises(client.exceptions.NoSuchConfigurationAggregatorException):
            client.describe_aggregate_compliance_by_config_rules(ConfigurationAggregatorName=AGGREGATOR)


def test_the_summary_groups_by_account_and_region(estate: Estate) -> None:
    client = estate.client("config")
    pages = client.get_paginator("describe_aggregate_compliance_by_config_rules")
    rules = [
        row
        for page in pages.paginate(ConfigurationAggregatorName=AGGREGATOR)
        for row in page["AggregateComplianceByConfigRules"]
        if row["Compliance"]["ComplianceType"] == "NON_COMPLIANT"
    ]
    for key, field, count in (("ACCOUNT_ID", "AccountId", 11), ("AWS_REGION", "AwsRegion", 3)):
        groups = client.get_aggregate_config_rule_compliance_summary(
            ConfigurationAggregatorName=AGGREGATOR, GroupByKey=key
        )["AggregateComplianceCounts"]
        assert len(groups) == count
        counted = {
            group["GroupName"]: group["ComplianceSummary"]["NonCompliantResourceCount"]["CappedCount"]
            for group in groups
        }
        assert rules
        assert {name: n for name, n in counted.items() if n} == Counter(row[field] for row in rules)


def test_unknown_rules_and_foreign_tokens_are_refused(estate: Estate) -> None:
    client = estate.client("config")
    with pytest.raises(client.exceptions.NoSuchConfigRuleException):
        client.describe_config_rules(ConfigRuleNames=["no-such-rule"])
    with pytest.raises(client.exceptions.NoSuchConfigRuleException):
        client.get_compliance_details_by_config_rule(ConfigRuleName="no-such-rule")
    with pytest.raises(client.exceptions.InvalidNextTokenException):
        client.describe_config_rules(NextToken="invented")


def test_an_evaluation_asked_for_is_done_once_at_a_time(own_estate: Estate) -> None:
    client, name = own_estate.client("config"), ["required-tags-solution"]
    client.start_config_rules_evaluation(ConfigRuleNames=name)
    with pytest.raises(client.exceptions.ResourceInUseException):
        client.start_config_rules_evaluation(ConfigRuleNames=name)
    own_estate.control("advance", {"days": 0.01})
    client.start_config_rules_evaluation(ConfigRuleNames=name)


def test_a_region_that_the_estate_does_not_use_answers_nothing(estate: Estate) -> None:
    with pytest.raises(ClientError) as refused:
        estate.client("config", region="sa-east-1").describe_config_rules()
    assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"

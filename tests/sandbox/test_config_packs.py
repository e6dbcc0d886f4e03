"""The conformance pack, and remediation of what it and others found."""

from collections import Counter
from typing import Any

import pytest

from tests.sandbox.conftest import Estate, MakeEstate

PACK = "Operational-Best-Practices-for-NZISM-Foundation"


def everything(client: Any, operation: str, key: str, **asked: Any) -> Any:
    return [row for page in client.get_paginator(operation).paginate(**asked) for row in page[key]]


def test_the_pack_names_the_requirements_of_its_rules(estate: Estate) -> None:
    client = estate.client("config")
    (pack,) = client.describe_conformance_packs()["ConformancePackDetails"]
    (status,) = client.describe_conformance_pack_status()["ConformancePackStatusDetails"]
    assert (pack["ConformancePackName"], status["ConformancePackState"]) == (PACK, "CREATE_COMPLETE")
    rules = everything(
        client, "describe_conformance_pack_compliance", "ConformancePackRuleComplianceList", ConformancePackName=PACK
    )
    controls = {rule["ConfigRuleName"].split("-conformance-pack-")[0]: rule["Controls"] for rule in rules}
    assert controls["ec2-imdsv2-check"] == ["3562", "7466"]
    assert all(controls.values())


def test_the_score_is_text_and_follows_from_the_details(estate: Estate) -> None:
    client = estate.client("config")
    results: list[Any] = []
    token: dict[str, str] = {}
    while True:
        page = client.get_conformance_pack_compliance_details(ConformancePackName=PACK, Limit=100, **token)
        results += page["ConformancePackRuleEvaluationResults"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    kinds = Counter(row["ComplianceType"] for row in results)
    (score,) = client.list_conformance_pack_compliance_scores()["ConformancePackComplianceScores"]
    assert score["Score"] == f"{100 * kinds['COMPLIANT'] / kinds.total():.2f}"


def test_the_aggregator_counts_the_pack_s_rules_per_account(estate: Estate) -> None:
    client = estate.client("config")
    rows = everything(
        client,
        "describe_aggregate_compliance_by_conformance_packs",
        "AggregateComplianceByConformancePacks",
        ConfigurationAggregatorName="organisation",
    )
    assert len(rows) == 11
    for row in rows:
        counts = row["Compliance"]
        assert counts["CompliantRuleCount"] + counts["NonCompliantRuleCount"] <= counts["TotalRuleCount"]


def test_there_is_no_pack_elsewhere(estate: Estate) -> None:
    client = estate.client("config", region="us-east-1")
    assert client.describe_conformance_packs()["ConformancePackDetails"] == []
    with pytest.raises(client.exceptions.NoSuchConformancePackException):
        client.describe_conformance_pack_compliance(ConformancePackName=PACK)


def test_a_remediation_puts_the_resource_right(make_estate: MakeEstate) -> None:
    estate = make_estate(findings=2000, days=0, change_share=0)
    account = estate.account("hr-systems-prod")
    client, rule = estate.client("config", account=account), "s3-bucket-versioning-enabled"
    (setup,) = client.describe_remediation_configurations(ConfigRuleNames=[rule])["RemediationConfigurations"]
    assert setup["TargetType"] == "SSM_DOCUMENT"

    def failing() -> Any:
        return [
            row["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"]
            for row in everything(
                client, "get_compliance_details_by_config_rule", "EvaluationResults",
                ConfigRuleName=rule, ComplianceTypes=["NON_COMPLIANT"],
            )
        ]  # fmt: skip

    bucket = failing()[0]
    keys = [{"resourceType": "AWS::S3::Bucket", "resourceId": bucket}]
    unknown = {"resourceType": "AWS::S3::Bucket", "resourceId": "no-such-bucket"}
    answer = client.start_remediation_execution(ConfigRuleName=rule, ResourceKeys=[*keys, unknown])
    assert answer["FailedItems"] == [unknown]
    assert client.start_remediation_execution(ConfigRuleName=rule, ResourceKeys=keys)["FailedItems"] == keys
    (run,) = client.describe_remediation_execution_status(ConfigRuleName=rule)["RemediationExecutionStatuses"]
    assert run["State"] == "IN_PROGRESS"
    estate.control("advance", {"days": 0.02})
    (run,) = client.describe_remediation_execution_status(ConfigRuleName=rule)["RemediationExecutionStatuses"]
    assert run["State"] == "SUCCEEDED"
    assert bucket not in failing()
    found = estate.findings(
        Filters={
            "ResourceId": [{"Value": f"arn:aws:s3:::{bucket}", "Comparison": "EQUALS"}],
            "ComplianceSecurityControlId": [{"Value": "S3.14", "Comparison": "EQUALS"}],
        }
    )
    assert [f["Compliance"]["Status"] for f in found] == ["PASSED"]


def test_a_rule_without_a_runbook_cannot_be_remediated(estate: Estate) -> None:
    client = estate.client("config")
    with pytest.raises(client.exceptions.NoSuchRemediationConfigurationException):
        client.describe_remediation_execution_status(ConfigRuleName="required-tags-solution")
    assert (
        client.describe_remediation_exceptions(ConfigRuleName="required-tags-solution")["RemediationExceptions"] == []
    )

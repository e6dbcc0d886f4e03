"""Reading findings: all of them, whose they are, in order, page by page."""

from collections import Counter
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import Estate

BY_UPDATED = [{"Field": "UpdatedAt", "SortOrder": "asc"}]


def derived_label(finding: dict[str, Any]) -> Any:
    severity = finding.get("Severity", {})
    if "Label" in severity:
        return severity["Label"]
    number = severity["Normalized"]
    steps = ((90, "CRITICAL"), (70, "HIGH"), (40, "MEDIUM"), (1, "LOW"), (0, "INFORMATIONAL"))
    return next(label for floor, label in steps if number >= floor)


def test_paging_everything_gives_what_the_sandbox_says_of_itself(estate: Estate) -> None:
    found, facts = estate.settled(estate.findings)
    facts = facts["findings"]
    assert len(found) == facts["total"] == len({(f["ProductArn"], f["Id"]) for f in found})
    assert Counter(f.get("RecordState", "ACTIVE") for f in found) == facts["by_record_state"]
    assert Counter(f["AwsAccountId"] for f in found) == facts["by_account"]
    assert Counter(f.get("Region") or f["ProductArn"].split(":")[3] for f in found) == facts["by_region"]
    assert Counter(derived_label(f) for f in found) == facts["by_severity"]
    assert Counter(str(f.get("Compliance", {}).get("Status")) for f in found) == facts["by_compliance_status"]
    assert Counter(f.get("Workflow", {}).get("Status", "NEW") for f in found) == facts["by_workflow_status"]
    names = Counter(f.get("ProductName") or f["ProductArn"].rsplit("/", 1)[-1] for f in found)
    assert names == facts["by_product"]
    active = [f for f in found if f.get("RecordState", "ACTIVE") == "ACTIVE"]
    assert Counter(derived_label(f) for f in active) == facts["active_by_severity"]
    failed = Counter(
        f["Compliance"]["SecurityControlId"]
        for f in active
        if f.get("Compliance", {}).get("Status") == "FAILED" and "SecurityControlId" in f["Compliance"]
    )
    assert failed == facts["failed_active_by_control"]


def test_the_home_region_sees_all_and_a_linked_region_only_itself(estate: Estate) -> None:
    assert {f.get("Region") for f in estate.findings()} >= set(estate.world["regions"])
    linked = estate.findings(region="us-east-1")
    assert {f.get("Region", "us-east-1") for f in linked} == {"us-east-1"}
    assert len({f["AwsAccountId"] for f in linked}) > 3


def test_a_member_sees_only_itself(estate: Estate) -> None:
    account = estate.account("payments-prod")
    assert {f["AwsAccountId"] for f in estate.findings(account=account)} == {account}


def test_where_security_hub_is_off_it_says_so(estate: Estate) -> None:
    (account, region), *_ = estate.world["places_without_security_hub"]
    client = estate.client("securityhub", account=account, region=region)
    for ask in (client.describe_hub, client.get_findings, client.get_enabled_standards):
        with pytest.raises(client.exceptions.InvalidAccessException) as refused:
            ask()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401
    assert not [f for f in estate.findings() if (f["AwsAccountId"], f.get("Region")) == (account, region)]


def test_findings_come_sorted_by_update_up_and_down(estate: Estate) -> None:
    up = [f["UpdatedAt"] for f in estate.findings(SortCriteria=BY_UPDATED)]
    assert up == sorted(up)
    down = [f["UpdatedAt"] for f in estate.findings(SortCriteria=[{"Field": "UpdatedAt", "SortOrder": "desc"}])]
    assert down == sorted(down, reverse=True)


def test_findings_come_sorted_by_several_fields(estate: Estate) -> None:
    found = estate.findings(
        SortCriteria=[{"Field": "AwsAccountId", "SortOrder": "asc"}, {"Field": "CreatedAt", "SortOrder": "desc"}]
    )
    assert [f["AwsAccountId"] for f in found] == sorted(f["AwsAccountId"] for f in found)
    by_account: dict[str, list[str]] = {}
    for finding in found:
        by_account.setdefault(finding["AwsAccountId"], []).append(finding["CreatedAt"])
    assert all(moments == sorted(moments, reverse=True) for moments in by_account.values())
    with pytest.raises(ClientError, match="not a field to sort by"):
        estate.client("securityhub").get_findings(SortCriteria=[{"Field": "Colour", "SortOrder": "asc"}])


def test_pages_hold_a_hundred_and_their_tokens_are_stable(estate: Estate) -> None:
    client = estate.client("securityhub")
    first = client.get_findings(MaxResults=100)
    again = [client.get_findings(MaxResults=100, NextToken=first["NextToken"]) for _ in range(2)]
    ids = [[f["Id"] for f in page["Findings"]] for page in again]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 100
    assert not set(ids[0]) & {f["Id"] for f in first["Findings"]}
    with pytest.raises(ClientError):
        client.get_findings(MaxResults=101)


def test_a_token_of_another_question_is_refused(estate: Estate) -> None:
    client = estate.client("securityhub")
    token = client.get_findings(MaxResults=10)["NextToken"]
    for asked in ({"NextToken": "invented"}, {"NextToken": token, "SortCriteria": BY_UPDATED}):
        with pytest.raises(ClientError) as refused:
            client.get_findings(MaxResults=10, **asked)
        assert refused.value.response["Error"]["Code"] == "InvalidInputException"


def test_a_control_finding_has_the_form_of_a_consolidated_one(estate: Estate) -> None:
    found = estate.findings(Filters={"ComplianceSecurityControlId": [{"Value": "S3.8", "Comparison": "EQUALS"}]})
    finding = next(f for f in found if f["Compliance"]["Status"] == "FAILED")
    account, region = finding["AwsAccountId"], finding["Region"]
    assert finding["Id"].startswith(f"arn:aws:securityhub:{region}:{account}:security-control/S3.8/finding/")
    assert finding["ProductArn"] == f"arn:aws:securityhub:{region}::product/aws/securityhub"
    assert finding["GeneratorId"] == "security-control/S3.8"
    assert finding["Severity"]["Label"] == "HIGH"
    rule = finding["ProductFields"]["RelatedAWSResources:0/name"]
    assert rule.startswith("securityhub-s3-bucket-level-public-access-prohibited-")
    assert {"StandardsId": "standards/nist-800-53/v/5.0.0"} in finding["Compliance"]["AssociatedStandards"]
    assert any(r.startswith("NIST.800-53.r5 ") for r in finding["Compliance"]["RelatedRequirements"])


def test_passed_findings_are_informational_and_resolved(estate: Estate) -> None:
    passed = estate.findings(
        Filters={
            "ComplianceStatus": [{"Value": "PASSED", "Comparison": "EQUALS"}],
            "ProductName": [{"Value": "Security Hub", "Comparison": "EQUALS"}],
        }
    )
    assert {f["Severity"]["Label"] for f in passed} == {"INFORMATIONAL"}
    assert {f["Workflow"]["Status"] for f in passed} <= {"RESOLVED", "SUPPRESSED"}


def test_the_odd_ones_are_there(estate: Estate) -> None:
    found = estate.findings()
    assert max(len(f["Resources"]) for f in found) == 32
    assert any("Compliance" not in f and "Workflow" not in f and "RecordState" not in f for f in found)
    assert any("Label" not in f.get("Severity", {}) for f in found)
    assert any(len(f["Description"].encode()) > 30_000 for f in found)
    assert any("個人情報" in f["Title"] for f in found)
    ids = Counter(f["Id"] for f in found)
    assert [n for n in ids.values() if n > 1] == [2], "two products share one Id"
    assert any(not r["Id"].startswith(("arn:", "AWS::::Account")) for f in found for r in f["Resources"])
    statuses = {f["Compliance"]["Status"]: f["Compliance"] for f in found if "Compliance" in f}
    assert statuses["WARNING"]["StatusReasons"]
    assert statuses["NOT_AVAILABLE"]["StatusReasons"]


def test_the_dates_of_every_finding_are_in_order(estate: Estate) -> None:
    for finding in estate.findings(Filters={"ProductName": [{"Value": "Security Hub", "Comparison": "EQUALS"}]}):
        created, first, last, updated = (
            datetime.fromisoformat(finding[name])
            for name in ("CreatedAt", "FirstObservedAt", "LastObservedAt", "UpdatedAt")
        )
        assert created <= first <= last <= updated


def test_the_hub_gathers_from_all_linked_regions(estate: Estate) -> None:
    client = estate.client("securityhub", region="us-east-1")
    (row,) = client.list_finding_aggregators()["FindingAggregators"]
    aggregator = client.get_finding_aggregator(FindingAggregatorArn=row["FindingAggregatorArn"])
    assert aggregator["FindingAggregationRegion"] == estate.world["home_region"]
    assert [aggregator["FindingAggregationRegion"], *aggregator["Regions"]] == estate.world["regions"]


def test_members_are_listed_for_the_administrator(estate: Estate) -> None:
    client = estate.client("securityhub")
    members = [m["AccountId"] for p in client.get_paginator("list_members").paginate() for m in p["Members"]]
    world = estate.world
    active = {a["id"] for a in world["accounts"] if a["state"] == "ACTIVE"} - {world["hub_account"]}
    assert set(members) == active


def test_only_the_management_account_learns_the_administrator(estate: Estate) -> None:
    management = estate.client("securityhub", account=estate.world["management_account"])
    (row,) = management.list_organization_admin_accounts()["AdminAccounts"]
    assert row["AccountId"] == estate.world["hub_account"]
    with pytest.raises(ClientError) as refused:
        estate.client("securityhub").list_organization_admin_accounts()
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_products_that_feed_the_hub_are_named(estate: Estate) -> None:
    client = estate.client("securityhub")
    names = {
        p["ProductName"] for page in client.get_paginator("describe_products").paginate() for p in page["Products"]
    }
    assert {"Security Hub", "Config", "GuardDuty", "Inspector", "Macie", "IAM Access Analyzer", "Prowler"} <= names
    assert client.list_enabled_products_for_import()["ProductSubscriptions"]


def test_boto3_clients_in_threads_share_one_sandbox(estate: Estate) -> None:
    """Each thread with its own session, as workers have."""
    from concurrent.futures import ThreadPoolExecutor

    def count(_: Any) -> Any:
        client = boto3.session.Session().client(
            "securityhub",
            region_name="eu-west-1",
            endpoint_url=estate.url,
            aws_access_key_id="d",
            aws_secret_access_key="d",
        )
        found = sum(len(page["Findings"]) for page in client.get_paginator("get_findings").paginate())
        client.close()
        return found

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(count, range(4)))) == 1

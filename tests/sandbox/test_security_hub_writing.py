"""What callers write into the hub."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import Estate


def identifier(finding: dict[str, Any]) -> Any:
    return {"Id": finding["Id"], "ProductArn": finding["ProductArn"]}


def reread(estate: Estate, finding: dict[str, Any]) -> Any:
    return next(
        f
        for f in estate.findings(Filters={"Id": [{"Value": finding["Id"], "Comparison": "EQUALS"}]})
        if f["ProductArn"] == finding["ProductArn"]
    )


@pytest.fixture
def failed(own_estate: Estate) -> Any:
    return own_estate.findings(
        Filters={
            "ComplianceStatus": [{"Value": "FAILED", "Comparison": "EQUALS"}],
            "WorkflowStatus": [{"Value": "NEW", "Comparison": "EQUALS"}],
            "ProductName": [{"Value": "Security Hub", "Comparison": "EQUALS"}],
        }
    )[0]


def test_an_update_from_the_customer_leaves_updated_at_alone(own_estate: Estate, failed: dict[str, Any]) -> None:
    client = own_estate.client("securityhub")
    answer = client.batch_update_findings(
        FindingIdentifiers=[identifier(failed), {"Id": "nowhere", "ProductArn": failed["ProductArn"]}],
        Workflow={"Status": "SUPPRESSED"},
        Note={"Text": "Accepted until March", "UpdatedBy": "tests"},
        UserDefinedFields={"ticket": "R-41"},
    )
    assert answer["ProcessedFindings"] == [identifier(failed)]
    assert [u["FindingIdentifier"]["Id"] for u in answer["UnprocessedFindings"]] == ["nowhere"]
    after = reread(own_estate, failed)
    assert after["Workflow"]["Status"] == "SUPPRESSED"
    assert after["Note"]["Text"] == "Accepted until March"
    assert after["UserDefinedFields"] == {"ticket": "R-41"}
    assert after["UpdatedAt"] == failed["UpdatedAt"]


def test_the_update_stands_in_the_finding_s_history(own_estate: Estate, failed: dict[str, Any]) -> None:
    client = own_estate.client("securityhub")
    client.batch_update_findings(FindingIdentifiers=[identifier(failed)], Workflow={"Status": "NOTIFIED"})
    newest, *_, created = client.get_finding_history(FindingIdentifier=identifier(failed))["Records"] + [None]
    assert newest["UpdateSource"]["Type"] == "BATCH_UPDATE_FINDINGS"
    assert newest["Updates"] == [{"UpdatedField": "Workflow.Status", "OldValue": "NEW", "NewValue": "NOTIFIED"}]
    assert created is None


def test_a_member_cannot_update_what_it_does_not_see(own_estate: Estate, failed: dict[str, Any]) -> None:
    other = next(
        a["id"]
        for a in own_estate.world["accounts"]
        if a["id"] != failed["AwsAccountId"] and a["state"] == "ACTIVE" and a["id"] != own_estate.world["hub_account"]
    )
    client = own_estate.client("securityhub", account=other)
    answer = client.batch_update_findings(FindingIdentifiers=[identifier(failed)], Workflow={"Status": "SUPPRESSED"})
    assert answer["ProcessedFindings"] == []
    assert len(answer["UnprocessedFindings"]) == 1


def test_a_notified_finding_that_fails_again_is_new(own_estate: Estate, failed: dict[str, Any]) -> None:
    own_estate.control("change", {"change": "workflow", "id": failed["Id"], "status": "NOTIFIED"})
    own_estate.control("change", {"change": "pass", "id": failed["Id"]})
    passed = reread(own_estate, failed)
    assert (passed["Compliance"]["Status"], passed["Workflow"]["Status"]) == ("PASSED", "RESOLVED")
    assert passed["ProductFields"]["PreviousComplianceStatus"] == "FAILED"
    assert passed["FirstObservedAt"] > failed["FirstObservedAt"]
    own_estate.control("change", {"change": "fail", "id": failed["Id"]})
    assert reread(own_estate, failed)["Workflow"]["Status"] == "NEW"


def test_own_findings_can_be_published_into_the_hub(own_estate: Estate) -> None:
    account, now = own_estate.account("payments-prod"), datetime.now(UTC).isoformat()
    client = own_estate.client("securityhub", account=account)
    finding = {
        "SchemaVersion": "2018-10-08",
        "Id": "guard/template-7",
        "ProductArn": f"arn:aws:securityhub:ap-southeast-2:{account}:product/{account}/default",
        "GeneratorId": "cfn-guard",
        "AwsAccountId": account,
        "CreatedAt": now,
        "UpdatedAt": now,
        "Title": "Bucket without encryption in a template",
        "Description": "From the pipeline.",
        "Severity": {"Label": "HIGH"},
        "Resources": [{"Type": "Other", "Id": "templates/app.yaml"}],
    }
    foreign = {**finding, "Id": "foreign", "AwsAccountId": own_estate.world["hub_account"]}
    answer = client.batch_import_findings(Findings=[finding, foreign])
    assert (answer["SuccessCount"], answer["FailedCount"]) == (1, 1)
    assert answer["FailedFindings"][0]["Id"] == "foreign"
    seen = reread(own_estate, finding)
    assert (seen["Title"], seen["Workflow"]["Status"], seen["RecordState"]) == (finding["Title"], "NEW", "ACTIVE")


@pytest.mark.parametrize(
    "asked",
    [
        {"Workflow": {"Status": "DONE"}},
        {},
        {"Confidence": 101},
    ],
)
def test_nonsense_is_refused(own_estate: Estate, failed: dict[str, Any], asked: Any) -> None:
    with pytest.raises(ClientError) as refused:
        own_estate.client("securityhub").batch_update_findings(FindingIdentifiers=[identifier(failed)], **asked)
    assert refused.value.response["Error"]["Code"] == "InvalidInputException"

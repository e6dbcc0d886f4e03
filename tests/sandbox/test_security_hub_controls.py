"""Standards, controls and the requirements they serve."""

import pytest

from tests.sandbox.conftest import Estate


def test_three_of_the_known_standards_are_enabled(estate: Estate) -> None:
    client = estate.client("securityhub")
    known = [s for p in client.get_paginator("describe_standards").paginate() for s in p["Standards"]]
    enabled = [s for p in client.get_paginator("get_enabled_standards").paginate() for s in p["StandardsSubscriptions"]]
    assert {s["StandardsStatus"] for s in enabled} == {"READY"}
    assert len(enabled) == 3
    assert {s["StandardsArn"] for s in enabled} < {s["StandardsArn"] for s in known}


def test_where_nothing_is_recorded_the_standards_are_incomplete(estate: Estate) -> None:
    (account, region), *_ = estate.world["places_without_recording"]
    client = estate.client("securityhub", account=account, region=region)
    for standard in client.get_enabled_standards()["StandardsSubscriptions"]:
        assert standard["StandardsStatus"] == "INCOMPLETE"
        assert standard["StandardsStatusReason"]["StatusReasonCode"] == "NO_AVAILABLE_CONFIGURATION_RECORDER"


def test_the_catalogue_names_every_control_that_findings_speak_of(estate: Estate) -> None:
    client = estate.client("securityhub")
    catalogue = {
        c["SecurityControlId"]: c
        for p in client.get_paginator("list_security_control_definitions").paginate()
        for c in p["SecurityControlDefinitions"]
    }
    spoken = {
        f["Compliance"]["SecurityControlId"]
        for f in estate.findings()
        if "SecurityControlId" in f.get("Compliance", {})
    }
    assert len(catalogue) > 80
    assert spoken <= set(catalogue)
    assert catalogue["S3.2"]["SeverityRating"] == "CRITICAL"


def test_controls_are_fetched_in_batches_and_unknown_ones_named(estate: Estate) -> None:
    client = estate.client("securityhub")
    answer = client.batch_get_security_controls(SecurityControlIds=["S3.8", "Macie.1", "Moon.1"])
    assert [c["SecurityControlStatus"] for c in answer["SecurityControls"]] == ["ENABLED", "DISABLED"]
    assert [c["SecurityControlId"] for c in answer["UnprocessedIds"]] == ["Moon.1"]
    with pytest.raises(client.exceptions.InvalidInputException):
        client.batch_get_security_controls(SecurityControlIds=[f"S3.{n}" for n in range(101)])


def test_a_control_knows_its_requirements_by_standard(estate: Estate) -> None:
    client = estate.client("securityhub")
    rows = client.list_standards_control_associations(SecurityControlId="IAM.8")["StandardsControlAssociationSummaries"]
    nist = next(row for row in rows if "nist-800-53" in row["StandardsArn"])
    assert nist["AssociationStatus"] == "ENABLED"
    assert all(r.startswith("NIST.800-53.r5 ") for r in nist["RelatedRequirements"])
    asked = [{"SecurityControlId": row["SecurityControlId"], "StandardsArn": row["StandardsArn"]} for row in rows]
    batch = client.batch_get_standards_control_associations(
        StandardsControlAssociationIds=[*asked, {"SecurityControlId": "Moon.1", "StandardsArn": nist["StandardsArn"]}]
    )
    assert [
        d["RelatedRequirements"]
        for d in batch["StandardsControlAssociationDetails"]
        if d["StandardsArn"] == nist["StandardsArn"]
    ] == [nist["RelatedRequirements"]]
    assert batch["UnprocessedAssociations"][0]["ErrorCode"] == "NOT_FOUND"


def test_disabled_controls_have_no_findings(estate: Estate) -> None:
    spoken = {f["Compliance"].get("SecurityControlId") for f in estate.findings() if "Compliance" in f}
    assert not spoken & {"Macie.1", "IAM.6"}


def test_a_control_without_resources_passes_for_the_account(estate: Estate) -> None:
    found = [
        f
        for f in estate.findings()
        if f.get("Compliance", {}).get("SecurityControlId") == "Redshift.1"
        and f["Resources"][0]["Type"] == "AwsAccount"
    ]
    assert {f["Compliance"]["Status"] for f in found} == {"PASSED"}

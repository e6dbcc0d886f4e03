"""The control plane: look at the world, move its time, change it on purpose."""

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import Estate, MakeEstate


def any_finding(estate: Estate, **filters: Any) -> Any:
    asked = {name: [{"Value": value, "Comparison": "EQUALS"}] for name, value in filters.items()}
    return estate.findings(Filters=asked)[0]


def change(estate: Estate, kind: str, **options: Any) -> Any:
    return estate.control("change", {"change": kind, **options})


def test_the_world_describes_itself(estate: Estate) -> None:
    world = estate.world
    assert world["hub_account"] != world["management_account"]
    assert world["home_region"] == world["regions"][0]
    assert {"hub_role", "member_role", "external_id", "queue_name", "now"} <= world.keys()
    assert {"id", "name", "state", "ou_path", "solution"} <= world["accounts"][0].keys()


def test_time_goes_forward_only(own_estate: Estate) -> None:
    before = own_estate.world["now"]
    own_estate.control("advance", {"days": 2})
    assert own_estate.world["now"] > before
    assert own_estate.world["evolved_to"] > before
    assert own_estate.control("advance", {"days": -1})["status"] == 400
    assert own_estate.control("facts?at=2026-01-01")["status"] == 400


def test_the_shared_clock_file_moves_the_sandbox(make_estate: MakeEstate, tmp_path: Path) -> None:
    clock = tmp_path / "clock.json"
    clock.write_text('{"offset_seconds": -864000}')
    estate = make_estate(clock_file=clock)
    before = estate.world
    clock.write_text('{"offset_seconds": -432000.5}')
    assert estate.world["now"] > before["now"]
    assert estate.world["evolved_to"] > before["evolved_to"]
    estate.control("advance", {"days": 1})
    assert clock.read_text() == '{"offset_seconds": -345600.5}'


def test_a_finding_passes_fails_and_is_archived_on_demand(own_estate: Estate) -> None:
    finding = any_finding(own_estate, ComplianceStatus="FAILED", ProductName="Security Hub")
    change(own_estate, "pass", id=finding["Id"])
    assert any_finding(own_estate, Id=finding["Id"])["Compliance"]["Status"] == "PASSED"
    change(own_estate, "fail", id=finding["Id"])
    change(own_estate, "suppress", id=finding["Id"])
    change(own_estate, "archive", id=finding["Id"])
    after = any_finding(own_estate, Id=finding["Id"])
    assert (after["Compliance"]["Status"], after["Workflow"]["Status"], after["RecordState"]) == (
        "FAILED", "SUPPRESSED", "ARCHIVED"
    )  # fmt: skip


def test_a_deleted_resource_takes_its_findings_along(own_estate: Estate) -> None:
    finding = any_finding(own_estate, ComplianceSecurityControlId="S3.8", RecordState="ACTIVE")
    arn = finding["Resources"][0]["Id"]
    change(own_estate, "delete_resource", arn=arn)
    about = own_estate.findings(Filters={"ResourceId": [{"Value": arn, "Comparison": "EQUALS"}]})
    assert {f["RecordState"] for f in about if "SecurityControlId" in f.get("Compliance", {})} == {"ARCHIVED"}


def test_accounts_and_regions_come_and_close(own_estate: Estate) -> None:
    number = change(own_estate, "add_account", name="payments-dr", solution="payments")["result"]
    assert own_estate.account("payments-dr") == number
    assert own_estate.findings(account=number)
    change(own_estate, "add_region", region="eu-central-1")
    assert "eu-central-1" in own_estate.world["regions"]
    assert own_estate.findings(region="eu-central-1")
    change(own_estate, "close_account", account=number)
    states = {
        a["Id"]: a["State"]
        for p in own_estate.client("organizations").get_paginator("list_accounts").paginate()
        for a in p["Accounts"]
    }
    assert states[number] == "SUSPENDED"
    found, facts = own_estate.settled(own_estate.findings)
    assert len(found) == facts["findings"]["total"]


def test_services_are_turned_off_and_on(own_estate: Estate) -> None:
    account = own_estate.account("payments-prod")
    client = own_estate.client("securityhub", account=account, region="us-east-1")
    place = {"account": account, "region": "us-east-1"}
    change(own_estate, "service", **place, service="securityhub", on=False)
    with pytest.raises(client.exceptions.InvalidAccessException):
        client.describe_hub()
    config = own_estate.client("config", account=account, region="us-east-1")
    assert not [r for r in config.describe_config_rules()["ConfigRules"] if "securityhub" in r.get("CreatedBy", "")]
    change(own_estate, "service", **place, service="securityhub", on=True)
    assert client.get_findings()["Findings"]
    change(own_estate, "service", **place, service="config", on=False)
    assert not config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"][0]["recording"]


def test_a_role_can_be_taken_away(own_estate: Estate) -> None:
    account, world = own_estate.account("payments-prod"), own_estate.world
    asked = {
        "RoleArn": f"arn:aws:iam::{account}:role/{world['member_role']}", "RoleSessionName": "reader",
        "ExternalId": world["external_id"],
    }  # fmt: skip
    client = own_estate.client("sts")
    client.assume_role(**asked)
    change(own_estate, "deny_role", account=account, denied=True)
    with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
        client.assume_role(**asked)


def test_malformed_findings_are_served_as_they_are(own_estate: Estate) -> None:
    total = own_estate.facts()["findings"]["total"]
    change(own_estate, "inject", finding={"Id": "broken", "Resources": [], "Severity": {"Label": 7}, "Colour": "red"})
    from http.client import HTTPConnection

    connection = HTTPConnection("127.0.0.1", own_estate.sandbox.port)
    scope = "20260101/ap-southeast-2/securityhub/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential=dummy/{scope}", "Content-Type": "application/json"}
    body = '{"Filters": {"Id": [{"Value": "broken", "Comparison": "EQUALS"}]}}'
    connection.request("POST", "/findings", body, headers)
    text = connection.getresponse().read()
    connection.close()
    assert text == (b'{"Findings":[{"Id": "broken", "Resources": [], "Severity": {"Label": 7}, "Colour": "red"}]}')
    assert own_estate.facts()["findings"]["total"] == total + 1


def test_consolidation_archives_the_old_ids_and_makes_new_ones(make_estate: MakeEstate) -> None:
    estate = make_estate(consolidated=False, findings=900)
    by_generator = {"GeneratorId": [{"Value": "security-control/", "Comparison": "PREFIX"}]}
    old = estate.findings(Filters={"ProductName": [{"Value": "Security Hub", "Comparison": "EQUALS"}]})
    assert not estate.findings(Filters=by_generator)
    assert any(f["GeneratorId"].startswith("aws-foundational-security-best-practices/v/1.0.0/") for f in old)
    assert all(":subscription/" in f["Id"] for f in old)
    change(estate, "consolidate")
    after = {f["Id"]: f for f in estate.findings()}
    for finding in old:
        assert after[finding["Id"]]["RecordState"] == "ARCHIVED"
        reason = after[finding["Id"]]["ProductFields"]["ArchivalReasons:0/ReasonCode"]
        assert reason == "CONSOLIDATED_CONTROL_FINDINGS_UPDATE"
    new = estate.findings(Filters=by_generator)
    active_old = {(f["Compliance"]["SecurityControlId"], f["Resources"][0]["Id"]) for f in old}
    assert {(f["Compliance"]["SecurityControlId"], f["Resources"][0]["Id"]) for f in new} == active_old
    assert change(estate, "consolidate")["status"] == 404


def test_calls_are_counted_by_account(own_estate: Estate) -> None:
    own_estate.client("sts").get_caller_identity()
    own_estate.client("sts", account=own_estate.account("payments-prod")).get_caller_identity()
    counted = own_estate.control("calls")["calls"]["sts"]["GetCallerIdentity"]
    assert counted == {own_estate.world["hub_account"]: 1, own_estate.account("payments-prod"): 1}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("change", {"change": "paint"}, 400),
        ("change", {"change": "pass", "id": "no-such-finding"}, 404),
        ("change", {"change": "pass"}, 400),
        ("change", {"change": "close_account", "account": "000000000000"}, 404),
        ("faults", {"kind": "earthquake"}, 400),
        ("weather", {"today": "rain"}, 404),
    ],
)
def test_what_the_control_plane_does_not_understand_it_says(
    own_estate: Estate, path: str, body: Any, status: int
) -> None:
    answer = own_estate.control(path, body)
    assert answer["status"] == status
    assert answer["error"]

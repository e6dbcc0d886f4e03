"""Dummy keys, keys that name an account, and roles."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import Estate


def assume(estate: Estate, account: str, role: str | None = None, **options: Any) -> Any:
    world = estate.world
    asked = {
        "RoleArn": f"arn:aws:iam::{account}:role/{role or world['member_role']}",
        "RoleSessionName": "reader",
        "ExternalId": world["external_id"],
        **options,
    }
    asked = {key: value for key, value in asked.items() if value is not None}
    return estate.client("sts").assume_role(**asked)


def as_role(estate: Estate, service: str, credentials: Any, **options: Any) -> Any:
    return estate.client(
        service,
        **options,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def code(refused: Any) -> Any:
    return refused.value.response["Error"]["Code"]


def test_unknown_keys_are_the_hub_account(estate: Estate) -> None:
    assert estate.client("sts").get_caller_identity()["Account"] == estate.world["hub_account"]


def test_a_key_that_names_an_account_acts_as_it(estate: Estate) -> None:
    account = estate.account("payments-prod")
    assert estate.client("sts", account=account).get_caller_identity()["Account"] == account


def test_a_key_of_no_account_is_invalid(estate: Estate) -> None:
    with pytest.raises(ClientError) as refused:
        estate.client("sts", account="000000000000").get_caller_identity()
    assert code(refused) == "InvalidClientTokenId"


def test_an_assumed_role_carries_the_identity(estate: Estate) -> None:
    account = estate.account("payments-prod")
    answer = assume(estate, account, DurationSeconds=900)
    who = as_role(estate, "sts", answer["Credentials"]).get_caller_identity()
    role = estate.world["member_role"]
    assert who["Arn"] == f"arn:aws:sts::{account}:assumed-role/{role}/reader"
    assert who["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    ends = answer["Credentials"]["Expiration"] - datetime.now(UTC)
    assert timedelta(seconds=880) < ends <= timedelta(seconds=901)


@pytest.mark.parametrize("external_id", [None, "wrong-external-id"])
def test_without_the_right_external_id_no_role_can_be_assumed(estate: Estate, external_id: Any) -> None:
    with pytest.raises(ClientError) as refused:
        assume(estate, estate.account("payments-prod"), ExternalId=external_id)
    assert code(refused) == "AccessDenied"


def test_a_role_that_is_not_there_is_denied(estate: Estate) -> None:
    for account, role in (
        (estate.account("payments-prod"), "another-role"),
        (estate.account("payments-prod"), estate.world["hub_role"]),
        (estate.account("data-platform-dev"), None),
        (estate.account("old-website"), None),
        ("000000000000", None),
    ):
        with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole") as refused:
            assume(estate, account, role)
        assert code(refused) == "AccessDenied"


def test_durations_have_their_limits(estate: Estate) -> None:
    account = estate.account("payments-prod")
    with pytest.raises(ClientError, match="MaxSessionDuration"):
        assume(estate, account, DurationSeconds=7200)
    with pytest.raises(ClientError, match="above the maximum 43200"):
        assume(estate, account, DurationSeconds=50_000)
    hub = assume(estate, estate.world["hub_account"], estate.world["hub_role"])["Credentials"]
    with pytest.raises(ClientError, match="role chaining"):
        as_role(estate, "sts", hub).assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{estate.world['member_role']}",
            RoleSessionName="reader",
            ExternalId=estate.world["external_id"],
            DurationSeconds=3700,
        )


def test_a_session_ends(own_estate: Estate) -> None:
    account = own_estate.account("payments-prod")
    credentials = assume(own_estate, account, DurationSeconds=900)["Credentials"]
    own_estate.control("advance", {"days": 0.02})
    with pytest.raises(ClientError) as refused:
        as_role(own_estate, "config", credentials).describe_config_rules()
    assert code(refused) == "ExpiredTokenException"
    with pytest.raises(ClientError) as refused:
        as_role(own_estate, "sts", credentials).get_caller_identity()
    assert code(refused) == "ExpiredToken"


def test_a_forged_session_is_invalid(estate: Estate) -> None:
    credentials = assume(estate, estate.account("payments-prod"))["Credentials"]
    with pytest.raises(ClientError) as refused:
        as_role(estate, "config", {**credentials, "AccessKeyId": "ASIAFORGED0000000000"}).describe_config_rules()
    assert code(refused) == "UnrecognizedClientException"

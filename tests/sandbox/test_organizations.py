"""The organisation: who is in it, where, and who may ask."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import Estate, MakeEstate


def everything(client: Any, operation: str, key: str, **asked: Any) -> Any:
    return [row for page in client.get_paginator(operation).paginate(**asked) for row in page[key]]


def test_the_list_of_accounts_is_complete_with_state_and_status(estate: Estate) -> None:
    rows = everything(estate.client("organizations"), "list_accounts", "Accounts")
    assert [(row["Id"], row["Name"], row["State"]) for row in rows] == [
        (account["id"], account["name"], account["state"]) for account in estate.world["accounts"]
    ]
    assert {row["Name"]: row["Status"] for row in rows}["old-website"] == "SUSPENDED"


def test_now_and_then_a_page_is_empty_and_carries_a_token(estate: Estate) -> None:
    client = estate.client("organizations")
    pages = [client.list_accounts() for _ in range(3)]
    empty = [page for page in pages if not page["Accounts"]]
    assert len(empty) == 1
    assert client.list_accounts(NextToken=empty[0]["NextToken"])["Accounts"]


def test_pages_hold_twenty_accounts(make_estate: MakeEstate) -> None:
    estate = make_estate(accounts=45, findings=600, days=0)
    pages = list(estate.client("organizations").get_paginator("list_accounts").paginate())
    assert max(len(page["Accounts"]) for page in pages) == 20
    assert sum(len(page["Accounts"]) for page in pages) == 45


def test_the_tree_of_units_holds_every_account_once(estate: Estate) -> None:
    client = estate.client("organizations")
    (root,) = everything(client, "list_roots", "Roots")
    found, waiting = [], [root["Id"]]
    while waiting:
        parent = waiting.pop()
        found += everything(client, "list_accounts_for_parent", "Accounts", ParentId=parent)
        waiting += [
            unit["Id"]
            for unit in everything(
                client, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent
            )
        ]
    assert sorted(row["Id"] for row in found) == sorted(account["id"] for account in estate.world["accounts"])


def test_a_child_knows_its_parent(estate: Estate) -> None:
    client = estate.client("organizations")
    (parent,) = client.list_parents(ChildId=estate.account("payments-prod"))["Parents"]
    assert parent["Type"] == "ORGANIZATIONAL_UNIT"
    (above,) = client.list_parents(ChildId=parent["Id"])["Parents"]
    assert above["Type"] == "ORGANIZATIONAL_UNIT"
    (root,) = client.list_parents(ChildId=above["Id"])["Parents"]
    assert root["Type"] == "ROOT"


def test_the_delegated_administrator_is_the_hub_account(estate: Estate) -> None:
    client = estate.client("organizations")
    (row,) = client.list_delegated_administrators(ServicePrincipal="securityhub.amazonaws.com")[
        "DelegatedAdministrators"
    ]
    assert row["Id"] == estate.world["hub_account"]
    assert not client.list_delegated_administrators(ServicePrincipal="fms.amazonaws.com")["DelegatedAdministrators"]


def test_accounts_are_described_and_tagged(estate: Estate) -> None:
    client, account = estate.client("organizations"), estate.account("payments-prod")
    assert client.describe_account(AccountId=account)["Account"]["Name"] == "payments-prod"
    assert {"Key": "solution", "Value": "payments"} in client.list_tags_for_resource(ResourceId=account)["Tags"]
    with pytest.raises(client.exceptions.AccountNotFoundException):
        client.describe_account(AccountId="000000000000")


def test_a_plain_member_learns_of_the_organisation_and_nothing_more(estate: Estate) -> None:
    client = estate.client("organizations", account=estate.account("payments-prod"))
    described = client.describe_organization()["Organization"]
    assert described["MasterAccountId"] == estate.world["management_account"]
    with pytest.raises(ClientError) as refused:
        client.list_accounts()
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_regions_are_listed_with_their_status(estate: Estate) -> None:
    client = estate.client("account")
    enabled = client.list_regions(RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT"])["Regions"]
    assert [row["RegionName"] for row in enabled] == estate.world["regions"]
    with pytest.raises(ClientError) as refused:
        client.list_regions(AccountId=estate.account("payments-prod"))
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"

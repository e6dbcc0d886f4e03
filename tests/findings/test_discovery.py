"""What a connection reaches: accounts, regions, and through which scope each is read."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from audit import clock
from audit.moment import Moment
from findings.discovery import discover
from findings.facts import coverage_facts
from findings.models import CoverageState, Finding, Posture, Scope, Source
from organisation.models import Account
from tests.findings.conftest import HOME, OTHER, Estate, StartEstate


def coverage_of(estate: Estate) -> list[dict[str, Any]]:
    return coverage_facts([estate.connection], Moment.now())


def test_accounts_are_known_by_name_and_place_in_the_organisation(estate: Estate) -> None:
    discover(estate.connection)
    account = Account.objects.get(account_id=estate.account("payments-prod"))
    assert (account.name, account.state, account.ou_path) == (
        "payments-prod",
        "ACTIVE",
        "Root/Workloads/Production",
    )
    assert Account.objects.get(account_id=estate.hub).ou_path == "Root/Security"
    assert Account.objects.count() == 4


def test_everything_is_read_through_the_hub_where_the_hub_sees_it(estate: Estate) -> None:
    discover(estate.connection)
    assert Scope.objects.count() == 4 * 2 * 2
    direct = Scope.objects.read_directly()
    assert {(scope.account, scope.region, scope.source) for scope in direct} == {
        (estate.hub, HOME, Source.SECURITY_HUB),
        (estate.hub, HOME, Source.CONFIG),
    }
    assert set(Scope.objects.values_list("state", flat=True)) == {CoverageState.NEVER}


def test_a_closed_account_is_retired_with_its_history_and_a_new_one_appears(read_estate: Estate) -> None:
    closed = read_estate.account("payments-prod")
    read_estate.change("add_region", region="us-west-2")
    read_estate.change("close_account", account=closed)
    opened = read_estate.change("add_account", name="payments-lab")["result"]
    read_estate.advance(1)
    read_estate.sync(full=True, force=True)
    assert read_estate.known() == read_estate.told()
    assert not Scope.objects.filter(account=closed, retired_at=None).exists()
    assert Scope.objects.filter(account=closed).count() == 4
    places = Scope.objects.filter(account=opened, retired_at=None)
    assert set(places.values_list("region", flat=True)) == {HOME, OTHER, "us-west-2"}
    assert Account.objects.get(account_id=closed).state == "SUSPENDED"
    said = {(row["state"], row["reason"]) for row in coverage_of(read_estate) if row["account"] == closed}
    assert said == {("disabled", "The account is suspended. What was known of it is kept as history.")}


def test_a_closed_account_that_was_read_by_itself_ends_as_no_longer_observed(
    db: None, start_estate: StartEstate
) -> None:
    """Nobody can enter it any more, though Security Hub keeps its findings for a while."""
    estate = start_estate(regions=[HOME])
    estate.connect()
    estate.fault("access_denied", service="config", operation="DescribeConfigurationAggregators")
    estate.sync()
    closed = estate.account("payments-prod")
    there = Finding.objects.filter(account=closed, source=Source.CONFIG)
    before, open_then = Moment.now(), there.filter(gone_at=None).count()
    estate.change("close_account", account=closed)
    estate.advance(1)
    estate.sync(full=True)
    assert open_then > 0
    assert not there.filter(gone_at=None).exists()
    assert estate.known() == estate.told()
    assert closed in estate.known(Moment(before.at, clock.now()))["config"]
    assert Posture.objects.filter(account=closed, check_ran__source=Source.CONFIG).count() == 0
    states = {row["source"]: row["state"] for row in coverage_of(estate) if row["account"] == closed}
    assert states == {"config": "disabled", "security_hub": "disabled"}


def test_an_account_that_comes_back_is_read_from_its_beginning(read_estate: Estate) -> None:
    account = read_estate.account("payments-prod")
    place = read_estate.sandbox.world.accounts[account]
    place.state = "SUSPENDED"
    discover(read_estate.connection)
    assert {scope.state for scope in Scope.objects.filter(account=account)} == {CoverageState.DISABLED}
    place.state = "ACTIVE"
    read_estate.sync(full=True)
    assert {scope.state for scope in Scope.objects.filter(account=account)} == {CoverageState.FRESH}
    assert read_estate.known() == read_estate.told()


def test_a_list_of_accounts_that_is_refused_later_closes_none(read_estate: Estate) -> None:
    before = coverage_of(read_estate)
    accounts = list(Account.objects.order_by("pk").values("account_id", "name", "state", "ou_path"))
    read_estate.fault("access_denied", service="organizations")
    read_estate.fault("access_denied", service="account")
    discover(read_estate.connection)
    assert coverage_of(read_estate) == before
    assert list(Account.objects.order_by("pk").values("account_id", "name", "state", "ou_path")) == accounts


def test_without_the_organisation_the_hub_account_is_read_and_a_remark_says_why(estate: Estate) -> None:
    estate.fault("access_denied", service="organizations")
    discover(estate.connection)
    assert set(Scope.objects.values_list("account", flat=True)) == {estate.hub}
    (note,) = estate.connection.test_report
    assert note["ok"] is None
    assert note["step"] == "Discovery: accounts of the organisation"
    assert note["words"].startswith("AWS refused ListAccounts.")


def test_without_a_list_of_regions_those_of_the_aggregator_are_read(estate: Estate) -> None:
    estate.fault("access_denied", service="account")
    discover(estate.connection)
    assert set(Scope.objects.values_list("region", flat=True)) == {HOME}


def test_without_a_finding_aggregator_each_region_is_read_by_the_hub_itself(estate: Estate) -> None:
    estate.fault("access_denied", service="securityhub", operation="ListFindingAggregators")
    discover(estate.connection)
    direct = Scope.objects.read_directly().filter(source=Source.SECURITY_HUB)
    assert {(scope.account, scope.region) for scope in direct} == {(estate.hub, HOME), (estate.hub, OTHER)}
    estate.sync()
    assert estate.known()["findings"] == estate.told()["findings"]


def test_discovering_again_changes_nothing(read_estate: Estate) -> None:
    before = list(Scope.objects.order_by("pk").values())
    discover(read_estate.connection)
    assert list(Scope.objects.order_by("pk").values()) == before


def test_a_hub_role_that_refuses_us_stops_discovery(db: None, start_estate: StartEstate) -> None:
    estate = start_estate()
    connection = estate.connect(external_id="another")
    with pytest.raises(ClientError, match="AccessDenied"):
        discover(connection)
    assert not Scope.objects.exists()

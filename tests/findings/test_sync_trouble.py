"""AWS refuses, is switched off, slow, or hangs up: the last good answer stays, and coverage says why."""

from __future__ import annotations

from typing import Any

import pytest

from desk.models import Notice
from findings import aws_errors, sync_jobs
from findings.models import CoverageSpan, CoverageState, FindingSpan, Scope, SetAside, Source, SyncRun
from tests.factories import UserFactory
from tests.findings.conftest import HOME, OTHER, Estate, StartEstate


def test_a_refusal_leaves_what_was_read_and_is_told_to_administrators_once(read_estate: Estate) -> None:
    person = UserFactory(administrator=True)
    before = read_estate.known()
    read_estate.fault("access_denied", service="securityhub", operation="GetFindings")
    read_estate.advance(0.5)
    read_estate.sync()
    read_estate.sync()
    scope = read_estate.scope()
    assert scope.state == CoverageState.DENIED
    assert scope.reason == (
        "AWS refused GetFindings. Add that action to the role's policy, and look for an SCP that denies it."
    )
    assert read_estate.known()["findings"] == before["findings"]
    assert Notice.objects.filter(person=person, kind="coverage").count() == 1
    read_estate.no_faults()
    read_estate.sync()
    assert read_estate.known() == read_estate.told()
    assert read_estate.scope().state == CoverageState.FRESH


def test_a_refused_first_reading_is_no_empty_success(estate: Estate) -> None:
    estate.fault("access_denied", service="securityhub", operation="GetFindings")
    estate.sync()
    states = Scope.objects.filter(source=Source.SECURITY_HUB).values_list("state", flat=True)
    assert set(states) == {CoverageState.DENIED}


def scored_copies() -> set[bool]:
    """Whether what Security Hub copied from Config counts."""
    held = FindingSpan.objects.filter(valid_to=None, finding__product_arn__endswith="product/aws/config")
    return set(held.values_list("scored", flat=True))


def test_what_security_hub_copied_from_config_counts_until_config_is_read_and_never_twice(estate: Estate) -> None:
    estate.fault("access_denied", service="config")
    estate.sync()
    assert estate.scope(source=Source.CONFIG).state == CoverageState.DENIED
    assert scored_copies() == {True}
    estate.no_faults()
    estate.sync(full=True)
    assert scored_copies() == {False}
    estate.fault("access_denied", service="config")
    estate.advance(0.5)
    estate.sync()
    assert estate.scope(source=Source.CONFIG).state == CoverageState.DENIED
    assert scored_copies() == {False}


def test_where_security_hub_is_off_coverage_says_so_until_it_is_on(read_estate: Estate) -> None:
    account = read_estate.account("log-archive")
    read_estate.change("service", account=account, region=OTHER, service="securityhub", on=False)
    read_estate.sync(full=True)
    scope = read_estate.scope(account, OTHER)
    assert scope.state == CoverageState.DISABLED
    assert scope.reason == "Security Hub is not enabled there. Enable it, or leave it off on purpose."
    assert not sync_jobs.in_trouble([read_estate.connection])
    read_estate.change("service", account=account, region=OTHER, service="securityhub", on=True)
    read_estate.sync(full=True)
    scope.refresh_from_db()
    assert scope.state == CoverageState.FRESH
    assert read_estate.known() == read_estate.told()


def test_security_hub_off_in_the_hub_account_is_disabled_and_not_empty(read_estate: Estate) -> None:
    before = read_estate.known()["findings"]
    read_estate.change("service", account=read_estate.hub, region=HOME, service="securityhub", on=False)
    read_estate.sync()
    assert read_estate.scope().state == CoverageState.DISABLED
    assert read_estate.known()["findings"] == before


def test_a_stopped_recorder_makes_what_is_known_stale(read_estate: Estate) -> None:
    account = read_estate.account("payments-prod")
    read_estate.change("service", account=account, region=OTHER, service="config", on=False)
    read_estate.sync()
    scope = read_estate.scope(account, OTHER, Source.CONFIG)
    assert scope.state == CoverageState.STALE
    assert scope.reason.startswith("AWS Config has recorded nothing there since ")
    read_estate.advance(3)
    read_estate.sync()
    assert read_estate.scope(account, OTHER).state == CoverageState.STALE
    assert read_estate.known() == read_estate.told()
    read_estate.change("service", account=account, region=OTHER, service="config", on=True)
    read_estate.sync()
    scope.refresh_from_db()
    assert scope.recording["recording"] is True


def test_each_state_of_coverage_has_its_time(read_estate: Estate) -> None:
    scope = read_estate.scope()
    states = list(CoverageSpan.objects.filter(scope=scope).order_by("pk").values_list("state", flat=True))
    assert states == ["never", "running", "fresh"]
    spans = list(CoverageSpan.objects.filter(scope=scope).order_by("pk"))
    assert [span.valid_to for span in spans[:-1]] == [span.valid_from for span in spans[1:]]
    assert spans[-1].valid_to is None


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "throttle", "service": "securityhub", "operation": "GetFindings", "count": 2},
        {"kind": "throttle", "service": "config", "count": 3},
        {"kind": "empty_page", "service": "securityhub", "operation": "GetFindings", "count": 5},
        {"kind": "empty_page", "service": "config", "count": 5},
        {"kind": "empty_page", "service": "organizations", "count": 3},
        {"kind": "cut", "service": "securityhub", "operation": "GetFindings", "count": 2},
        {"kind": "cut", "service": "config", "count": 2},
        {"kind": "expired_token", "service": "securityhub", "count": 1},
        {"kind": "error503", "service": "config", "operation": "DescribeConfigurationAggregators", "count": 2},
    ],
    ids=lambda fault: f"{fault['kind']} {fault['service']}",
)
def test_a_passing_fault_changes_no_figure(db: None, start_estate: StartEstate, fault: dict[str, Any]) -> None:
    estate = start_estate(regions=[HOME])
    estate.connect()
    estate.fault(**fault)
    estate.sync()
    assert estate.known() == estate.told()
    assert not sync_jobs.in_trouble([estate.connection])


def test_a_connection_that_keeps_breaking_in_the_middle_leaves_the_last_good_state(
    read_estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_errors, "LONGEST_PAUSE", 0.1)
    before = read_estate.known()
    read_estate.advance(1)
    read_estate.fault("cut", service="securityhub", operation="GetFindings")
    read_estate.fault("cut", service="config", operation="SelectAggregateResourceConfig")
    read_estate.fault("cut", service="config", operation="GetAggregateComplianceDetailsByConfigRule")
    runs = read_estate.sync()
    assert {run.state for run in runs.values()} == {SyncRun.State.FAILED}
    assert {run.error for run in runs.values()} == {
        "The connection to AWS broke or was refused. Check the network; the portal tries again by itself."
    }
    assert read_estate.known() == before
    cursor = read_estate.scope().cursor
    read_estate.no_faults()
    read_estate.sync()
    assert read_estate.known() == read_estate.told()
    assert read_estate.scope().cursor != cursor


def test_a_member_role_that_is_missing_hides_nothing_that_the_aggregator_shows(read_estate: Estate) -> None:
    account = read_estate.account("payments-prod")
    read_estate.change("deny_role", account=account, denied=True)
    read_estate.advance(0.5)
    read_estate.connection.save()
    read_estate.sync(full=True)
    assert read_estate.known() == read_estate.told()


def test_without_an_aggregator_each_account_is_read_by_itself_and_a_missing_role_is_denied(
    db: None, start_estate: StartEstate
) -> None:
    estate = start_estate(regions=[HOME])
    estate.connect()
    refused = estate.account("payments-prod")
    estate.change("deny_role", account=refused, denied=True)
    estate.fault("access_denied", service="config", operation="DescribeConfigurationAggregators")
    estate.sync()
    told = estate.told()
    told["config"].pop(refused)
    assert estate.known() == told
    scope = estate.scope(refused, HOME, Source.CONFIG)
    assert scope.state == CoverageState.DENIED
    assert "assume the role there" in scope.reason
    assert sync_jobs.in_trouble([estate.connection]) == [scope]
    estate.change("deny_role", account=refused, denied=False)
    estate.sync()
    assert estate.known() == estate.told()
    estate.advance(1)
    estate.sync()
    assert estate.known() == estate.told()


GOOD: dict[str, Any] = {
    "SchemaVersion": "2018-10-08",
    "ProductArn": f"arn:aws:securityhub:{HOME}::product/example/example",
    "ProductName": "Example",
    "GeneratorId": "example/check",
    "AwsAccountId": "111122223333",
    "Region": HOME,
    "CreatedAt": "2026-11-01T00:00:00.000Z",
    "UpdatedAt": "2026-11-01T00:00:00.000Z",
    "Severity": {"Label": "LOW"},
    "Title": "A title",
    "Description": "A description",
    "Types": ["Software and Configuration Checks"],
    "Resources": [{"Type": "Other", "Id": "a-thing"}],
}
MALFORMED: dict[str, dict[str, Any]] = {
    "The record has no Id.": {"Id": None},
    "The record has no ProductArn.": {"ProductArn": ""},
    "AwsAccountId is not 12 digits: '1234'.": {"AwsAccountId": "1234"},
    "UpdatedAt is not a date: 'yesterday'.": {"UpdatedAt": "yesterday"},
    "CreatedAt is not a date: '32 March'.": {"CreatedAt": "32 March"},
    "The record names no resource.": {"Resources": []},
    "A resource of the record has no Id.": {"Resources": [{"Type": "Other"}]},
    "The record does not have the form of a finding (AttributeError).": {"Severity": "LOW"},
    "The record names no region: 'the moon'.": {"Region": "the moon"},
}


def test_what_cannot_be_taken_in_is_set_aside_with_its_reason_and_stops_nothing(estate: Estate) -> None:
    told = estate.told()
    for number, changes in enumerate(MALFORMED.values()):
        record = {**GOOD, "Id": f"odd-{number}", **changes}
        estate.change("inject", finding={name: value for name, value in record.items() if value is not None})
    estate.change("inject", finding={**GOOD, "Id": "huge", "Description": "x" * 1_000_001})
    run = estate.sync()[Source.SECURITY_HUB]
    assert run.state == SyncRun.State.DONE
    assert run.set_aside == len(MALFORMED) + 1
    reasons = dict(SetAside.objects.values_list("reason", "native_id"))
    assert set(reasons) == {*MALFORMED, next(reason for reason in reasons if "bytes" in reason)}
    assert reasons["The record names no resource."] == "odd-5"
    assert estate.known() == told
    estate.sync(full=True)
    assert SetAside.objects.count() == len(MALFORMED) + 1


def test_two_products_may_use_one_id(estate: Estate) -> None:
    estate.change("inject", finding={**GOOD, "Id": "twin"})
    other = f"arn:aws:securityhub:{HOME}::product/other/other"
    estate.change("inject", finding={**GOOD, "Id": "twin", "ProductArn": other, "ProductName": "Other"})
    estate.sync()
    assert estate.known() == estate.told()
    assert estate.known()["findings"]["by_product"]["Other"] == 1

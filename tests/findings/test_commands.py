"""manage.py connect, sync and facts."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit.models import TrailEntry
from findings.models import Connection
from tests.findings.conftest import HOME, OTHER, Estate, StartEstate


def run(*arguments: str) -> str:
    said = StringIO()
    call_command(*arguments, stdout=said, stderr=StringIO())
    return said.getvalue()


def facts(*arguments: str) -> Any:
    return json.loads(run("facts", *arguments))


def connect(estate: Estate, name: str = "Sandbox", **changes: str) -> None:
    world = estate.sandbox.world
    options = {
        "--hub-account": estate.hub,
        "--home-region": HOME,
        "--hub-role": world.hub_role,
        "--member-role": world.member_role,
        "--external-id": world.external_id,
        "--queue": world.queue_name,
    } | changes
    run("connect", name, *(f"{option}={value}" for option, value in options.items()))


def test_connecting_twice_changes_the_connection(db: None, start_estate: StartEstate) -> None:
    estate = start_estate()
    connect(estate)
    first = Connection.objects.get()
    connect(estate, **{"--queue": "another"})
    second = Connection.objects.get()
    assert (first.pk, second.queue_name, second.version) == (second.pk, "another", first.version + 1)
    actions = TrailEntry.objects.filter(kind="connection").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["connection.added", "connection.changed"]


def test_connecting_keeps_the_external_id_that_the_portal_made(db: None) -> None:
    arguments = ("--hub-account=111122223333", "--home-region=eu-west-1")
    run("connect", "Ours", *arguments)
    made = Connection.objects.get().external_id
    run("connect", "Ours", *arguments)
    assert len(made) >= 30
    assert Connection.objects.get().external_id == made


def test_a_connection_that_cannot_be_is_refused_in_words(db: None) -> None:
    with pytest.raises(CommandError, match=r"hub_account: 12 digits\."):
        run("connect", "Ours", "--hub-account=1", "--home-region=eu-west-1")
    assert not Connection.objects.exists()


def test_sync_and_facts(db: None, start_estate: StartEstate) -> None:
    estate = start_estate(recheck_share=1.0)
    connect(estate)
    said = run("sync", "--inline")
    assert said.endswith("Everything was read\n")
    found = facts("--connection", "Sandbox")
    assert {"findings": found["findings"], "config": found["config"]} == estate.told()
    assert {row["state"] for row in found["coverage"]} == {"fresh"}
    assert len(found["coverage"]) == 4 * 2 * 2
    assert set(found["coverage"][0]) >= {"account", "region", "source", "state", "since", "reason"}


def test_facts_of_a_past_moment_are_those_that_were_told_then(db: None, start_estate: StartEstate) -> None:
    estate = start_estate()
    connect(estate)
    run("sync", "--inline")
    then, told = estate.control("world")["now"], estate.told()
    for days in (0.5, 3):
        estate.advance(days)
        run("sync", "--inline")
    assert estate.told() != told
    past = facts("--as-of", then, "--known-at", then)
    assert {"findings": past["findings"], "config": past["config"]} == told
    assert facts("--as-of", "2020-01-01")["findings"]["total"] == 0


def test_sync_fails_naming_each_place_that_could_not_be_read(db: None, start_estate: StartEstate) -> None:
    estate = start_estate()
    connect(estate)
    run("sync", "--inline")
    estate.fault("access_denied", service="config", operation="DescribeConfigurationAggregators")
    estate.fault("access_denied", service="config", operation="DescribeConfigurationRecorders")
    errors = StringIO()
    with pytest.raises(CommandError, match="Could not be read: "):
        call_command("sync", "--inline", stdout=StringIO(), stderr=errors)
    said = errors.getvalue().splitlines()
    assert said[0].startswith("Access denied. AWS refused DescribeConfiguration")
    assert f"  {estate.hub} {HOME} AWS Config" in said


def test_a_service_that_is_off_is_no_failure(db: None, start_estate: StartEstate) -> None:
    estate = start_estate()
    connect(estate)
    account = estate.account("log-archive")
    estate.change("service", account=account, region=OTHER, service="securityhub", on=False)
    run("sync", "--inline")
    states = {(row["account"], row["region"], row["source"]): row for row in facts()["coverage"]}
    assert states[account, OTHER, "security_hub"]["state"] == "disabled"


def test_a_connection_that_does_not_exist_is_named(db: None) -> None:
    with pytest.raises(CommandError, match="no such enabled connection"):
        run("sync", "--connection", "Nowhere", "--inline")
    with pytest.raises(CommandError, match="no connection named Nowhere"):
        run("facts", "--connection", "Nowhere")

"""Connections for programs: what the pages show and do."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from audit.models import TrailEntry
from desk.models import Job
from findings.models import Connection
from tests.conftest import LoggedIn, Program
from tests.factories import UserFactory
from tests.factories.findings import ConnectionFactory, ScopeFactory, SetAsideFactory, SyncRunFactory

pytestmark = pytest.mark.django_db
API = "/api/v1/connections/"
JSON = "application/json"
SAID = {"name": "Production", "hub_account": "111122223333", "home_region": "eu-central-1", "hub_role": "portal-hub"}


def post(browser: Client, path: str, **said: Any) -> Any:
    return browser.post(f"{API}{path}", said, JSON)


def test_an_administrator_adds_a_connection_and_changes_it(administrator: LoggedIn) -> None:
    made = post(administrator, "add/", **SAID)
    assert (made.status_code, made.json()["enabled"], made.json()["member_role"]) == (201, True, "")
    assert made.json()["external_id"] == Connection.objects.get().external_id
    one = f"{made.json()['id']}/"
    changed = post(administrator, f"{one}change/", queue_name="findings", version=1).json()
    assert {name: changed[name] for name in (*SAID, "queue_name", "version")} == {
        **SAID, "queue_name": "findings", "version": 2,
    }  # fmt: skip
    assert post(administrator, f"{one}change/", enabled=False, version=1).status_code == 409
    assert post(administrator, f"{one}change/", enabled=False, version=2).json()["enabled"] is False
    assert list(TrailEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "connection.added", "connection.changed", "connection.changed",
    ]  # fmt: skip


def test_what_the_form_refuses_the_api_refuses(administrator: LoggedIn) -> None:
    ConnectionFactory(name="Production")
    refused = post(administrator, "add/", **{**SAID, "hub_account": "12", "home_region": "Mars"})
    assert refused.json()["errors"] == {
        "name": ["There is a connection of this name."],
        "hub_account": ["12 digits."],
        "home_region": ["Enter a valid value."],
    }


def test_a_test_and_a_sync_answer_their_job(administrator: LoggedIn, second_line: LoggedIn) -> None:
    connection = ConnectionFactory(name="Estate")
    one = f"{connection.public_id}/"
    tested = post(administrator, f"{one}test/").json()
    assert (tested["kind"], tested["subject"]) == ("connection.test", connection.public_id)
    first, again = (post(second_line, f"{one}sync/", full=True).json() for _ in range(2))
    assert (first["title"], again["id"]) == ("Read Estate from AWS in full", first["id"])
    assert Job.objects.count() == 2


def test_a_program_syncs_and_changes_nothing() -> None:
    program = Program(UserFactory(administrator=True), writes=True)
    one = f"{ConnectionFactory().public_id}/"
    assert post(program, f"{one}sync/").status_code == 200
    for path in ("add/", f"{one}change/", f"{one}test/"):
        assert post(program, path, **SAID).status_code == 403


def test_who_reads_connections_changes_none(third_line: LoggedIn, second_line: LoggedIn) -> None:
    one = f"{ConnectionFactory().public_id}/"
    assert post(third_line, f"{one}sync/").status_code == 403
    assert post(second_line, f"{one}change/", name="x").status_code == 403
    assert second_line.get(f"{API}{one}templates/hub-role.yaml/").status_code == 403


def test_a_stack_is_a_file_with_the_connections_names(administrator: LoggedIn) -> None:
    connection = ConnectionFactory(hub_role="portal-hub")
    answer = administrator.get(f"{API}{connection.public_id}/templates/hub-role.yaml/")
    assert (answer["Content-Type"], connection.external_id in answer.content.decode()) == ("application/yaml", True)
    assert administrator.get(f"{API}{connection.public_id}/templates/passwd/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_runs_and_what_was_set_aside_are_listed(
    second_line: LoggedIn, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    scope = ScopeFactory()
    runs = SyncRunFactory.create_batch(count, scope=scope)
    aside = SetAsideFactory.create_batch(count, scope=scope)
    SetAsideFactory()
    one = f"{API}{scope.connection.public_id}/"
    with django_assert_num_queries(5):
        listed = second_line.get(f"{one}runs/").json()["results"]
    assert [row["id"] for row in listed] == [run.public_id for run in reversed(runs)]
    assert (listed[0]["account"], listed[0]["read"], listed[0]["state"]) == (scope.account, 1200, "done")
    with django_assert_num_queries(5):
        listed = second_line.get(f"{one}set-aside/").json()["results"]
    assert [row["id"] for row in listed] == [row.public_id for row in reversed(aside)]
    assert (listed[0]["reason"], listed[0]["source"]) == ("The record has no ProductArn.", scope.source)

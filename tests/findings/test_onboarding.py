"""The live test of a connection, and the templates of its roles."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from audit.models import TrailEntry
from findings import onboarding
from findings.cloudformation import StackTemplate, rendered
from findings.models import Connection
from tests.factories.findings import ConnectionFactory
from tests.findings.conftest import Estate, StartEstate


def results(connection: Connection) -> dict[str, tuple[bool | None, str]]:
    steps = onboarding.test(connection, by="a test")
    connection.refresh_from_db()
    assert [row["step"] for row in connection.test_report] == [step.step for step in steps]
    return {step.step: (step.ok, step.words) for step in steps}


def test_a_good_connection_answers_every_step_in_words(db: None, start_estate: StartEstate) -> None:
    estate = start_estate()
    found = results(estate.connect(queue_name=estate.sandbox.world.queue_name))
    assert {ok for ok, _ in found.values()} == {True}
    assert found["Hub account"][1] == (
        "The portal comes into the hub account as "
        f"arn:aws:sts::{estate.hub}:assumed-role/compliance-portal-hub/compliance-portal."
    )
    assert found["Security Hub's regions"][1] == "Security Hub gathers eu-west-1 into ap-southeast-2."
    assert found["Config's aggregator"][1] == "The aggregator organisation covers 8 places (8 succeeded)."
    assert found["Organisation"][1] == "The organisation has 4 accounts, 4 of them in use."
    entry = TrailEntry.objects.get(action="connection.tested")
    assert entry.detail == {"failed": [], "enabled": True}


def test_a_hub_role_that_asks_for_no_external_id_switches_the_connection_off(
    db: None, start_estate: StartEstate
) -> None:
    estate = start_estate(external_id=None)
    connection = estate.connect(external_id="the-portals-own")
    ok, words = results(connection)["External id"]
    assert ok is False
    assert "without the external id" in words
    assert not connection.enabled


def test_what_the_portal_can_do_without_is_a_remark(estate: Estate) -> None:
    estate.fault("access_denied", service="organizations")
    found = results(estate.connection)
    assert found["Organisation"][0] is None
    assert found["Member role"][0] is False
    assert found["Event queue"][0] is None


def test_what_the_portal_needs_is_a_failure_that_says_what_to_do(estate: Estate) -> None:
    estate.change("service", account=estate.hub, region=estate.home, service="securityhub", on=False)
    ok, words = results(estate.connection)["Security Hub"]
    assert (ok, words) == (False, "Security Hub is not enabled there. Enable it, or leave it off on purpose.")


def test_the_wrong_hub_account_is_seen(db: None, start_estate: StartEstate) -> None:
    estate = start_estate()
    found = results(estate.connect(hub_account=estate.account("log-archive"), hub_role=""))
    assert found["Hub account"][0] is False
    assert "not of the hub account" in found["Hub account"][1]


def test_the_write_role_is_tried_on_a_finding_that_does_not_exist(estate: Estate) -> None:
    assert results(estate.connection)["Write role"] == (
        True,
        "The role compliance-portal-write may change the workflow of findings. Nothing was changed.",
    )
    estate.fault("access_denied", service="securityhub", operation="BatchUpdateFindings")
    assert results(estate.connection)["Write role"] == (
        False,
        "AWS refused BatchUpdateFindings. Add that action to the role's policy, and look for an SCP that denies it.",
    )
    Connection.objects.update(write_role="nobody")
    assert results(estate.connection)["Write role"][0] is False
    Connection.objects.update(write_role="")
    assert results(estate.connection)["Write role"] == (
        None,
        "No write role is named: exceptions are not written back, and Security Hub shows what it did.",
    )


def test_templates_are_made_out_for_their_connection_and_are_sound(db: None, tmp_path: Path) -> None:
    roles = {"hub_role": "hub", "member_role": "member", "write_role": "writer"}
    connection = ConnectionFactory(hub_account="210987654321", **roles)
    caller = "arn:aws:sts::123456789012:assumed-role/portal-task/worker-1"
    bus = f"arn:aws:events:{connection.home_region}:210987654321:event-bus/compliance-portal-events"
    expected = {
        StackTemplate.HUB: (connection.external_id, "123456789012", "portal-task", "member"),
        StackTemplate.MEMBER: (connection.external_id, "210987654321", "hub", "member"),
        StackTemplate.WRITE: (connection.external_id, "123456789012", "portal-task", "writer"),
        StackTemplate.QUEUE: ("compliance-portal-events",),
        StackTemplate.FORWARDING: (bus,),
    }
    for template, values in expected.items():
        text = rendered(template, connection, caller=caller)
        for value in values:
            assert f'Default: "{value}"' in text
        (tmp_path / template).write_text(text)
    files = [str(tmp_path / name) for name in StackTemplate]
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--", *files]
    lint = subprocess.run(command, capture_output=True, text=True)
    assert (lint.returncode, lint.stdout, lint.stderr) == (0, "", "")


def test_the_event_queue_is_tried_for_everything_that_listening_needs(estate: Estate) -> None:
    assert results(estate.connection)["Event queue"][0] is None
    Connection.objects.update(queue_name="elsewhere")
    assert results(estate.connection)["Event queue"] == (
        False,
        "There is no queue elsewhere in the hub account's home region. Deploy the template of the event queue, or"
        " correct the queue's name.",
    )
    Connection.objects.update(queue_name=estate.sandbox.world.queue_name)
    for operation in ("GetQueueUrl", "ReceiveMessage", "DeleteMessageBatch", "GetQueueAttributes"):
        estate.fault("access_denied", service="sqs", operation=operation)
        assert results(estate.connection)["Event queue"] == (
            False,
            f"AWS refused {operation}. Add that action to the role's policy, and look for an SCP that denies it.",
        )
        estate.no_faults()
    assert results(estate.connection)["Event queue"] == (
        True,
        "The event queue compliance-portal-events can be read, and messages deleted from it. 0 wait in it."
        " It has no dead-letter queue: give it one, as its template does.",
    )


def test_a_hub_role_of_an_unknown_portal_trusts_its_own_account(db: None) -> None:
    connection = ConnectionFactory(hub_account="210987654321", hub_role="hub")
    text = rendered(StackTemplate.HUB, connection)
    assert 'Default: "210987654321"' in text

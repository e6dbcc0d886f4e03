"""Events of the queue: applied at once, in any order and twice, beside a reading, and none of them for ever."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import boto3
import pytest
from django.core.management import CommandError, call_command

from findings import listening
from findings.aws import Service
from findings.connectors import security_hub
from findings.connectors.security_hub import BEGINNING, Window
from findings.copies import places_of_config
from findings.leases import LostLease, claim
from findings.models import (
    Connection,
    Finding,
    FindingRecord,
    FindingSpan,
    Listener,
    Scope,
    SetAside,
    Source,
    SyncRun,
    Workflow,
)
from findings.reading import Reading
from tests.databases import Clone
from tests.findings.conftest import HOME, Estate, StartEstate
from tests.findings.test_sync_trouble import GOOD
from tests.workers import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parents[2]


def hear() -> str:
    """Take in what waits in the queue; what the command said."""
    said = StringIO()
    call_command("listen", "--once", stdout=said)
    return said.getvalue().strip()


def queue_of(estate: Estate) -> tuple[Any, str]:
    client = boto3.client("sqs", region_name=estate.home)
    return client, client.get_queue_url(QueueName=estate.sandbox.world.queue_name)["QueueUrl"]


def send(estate: Estate, body: Any) -> None:
    client, url = queue_of(estate)
    client.send_message(QueueUrl=url, MessageBody=body if isinstance(body, str) else json.dumps(body))


def left_in(estate: Estate) -> int:
    return len(estate.sandbox.engine.queue.messages)


def imported(*records: Any, **changes: Any) -> dict[str, Any]:
    event = {
        "version": "0",
        "id": "8a1c",
        "detail-type": "Security Hub Findings - Imported",
        "source": "aws.securityhub",
        "account": "111122223333",
        "time": "2026-11-01T00:00:00Z",
        "region": HOME,
        "resources": [],
        "detail": {"findings": list(records)},
    }
    return event | changes


def bodies(estate: Estate) -> list[str]:
    """What waits in the queue, taken out of it."""
    queue = estate.sandbox.engine.queue
    found = [message.body for message in queue.messages.values()]
    queue.messages.clear()
    return found


def state() -> list[tuple[Any, ...]]:
    """What is held of every finding, whatever the order was in which it was learnt."""
    return list(
        FindingSpan.objects.filter(valid_to=None, superseded_at=None)
        .order_by("finding__uid")
        .values_list("finding__uid", "status", "severity", "workflow", "record_state", "status_since", "solutions")
    )


@pytest.fixture
def heard_estate(home_estate: Estate) -> Estate:
    """An estate that is read once and has a queue, in which nothing waits."""
    Connection.objects.update(queue_name=home_estate.sandbox.world.queue_name)
    bodies(home_estate)
    return home_estate


def stir(estate: Estate, seed: int) -> None:
    """Failures, passes, suppressions of several findings, one after the other and over each other.

    No two within a millisecond: a message's time is no finer, so that nobody could tell which came first.
    """
    rng = Random(seed)
    world = estate.sandbox.world
    live = [check for check in world.live if check.control.in_hub and check.control.id != "Config.1"]
    chosen = rng.sample([row for check in live for row in check.findings if row.record == "ACTIVE"], 12)
    for _ in range(50):
        time.sleep(0.002)
        finding = rng.choice(chosen)
        match rng.choice(("compliance", "workflow")):
            case "compliance":
                estate.change("compliance", id=finding.id, status=rng.choice(("PASSED", "FAILED")))
            case "workflow":
                status = rng.choice(("NEW", "NOTIFIED", "SUPPRESSED", "RESOLVED"))
                estate.change("workflow", id=finding.id, product_arn=finding.product_arn, status=status)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_events_in_any_order_and_twice_end_where_aws_stands(heard_estate: Estate, seed: int) -> None:
    heard_estate.control("queue", shuffle=seed, twice=0.4)
    stir(heard_estate, seed)
    hear()
    assert heard_estate.known() == heard_estate.told()
    assert left_in(heard_estate) == 0
    after = state()
    heard_estate.sync(full=True)
    assert state() == after
    assert heard_estate.known() == heard_estate.told()


def test_an_event_again_changes_nothing(heard_estate: Estate) -> None:
    stir(heard_estate, 4)
    queue = heard_estate.sandbox.engine.queue
    told = list(queue.messages.values())
    hear()
    counts = [model.objects.count() for model in (FindingSpan, FindingRecord, Finding)]
    for message in reversed(told):
        queue.put(message.body, message.sent)
    hear()
    assert [model.objects.count() for model in (FindingSpan, FindingRecord, Finding)] == counts
    assert heard_estate.known() == heard_estate.told()


def test_new_resources_accounts_products_and_their_archiving_are_told(heard_estate: Estate) -> None:
    heard_estate.advance(1)
    hear()
    assert heard_estate.known()["findings"] == heard_estate.told()["findings"]
    after = state()
    heard_estate.sync(full=True)
    assert heard_estate.known() == heard_estate.told()
    archived = [row for row in state() if row not in after]
    config = Finding.objects.filter(uid__in=[row[0] for row in archived], source=Source.SECURITY_HUB)
    assert not config.exists()


def test_a_workflow_edit_is_observed_when_its_event_comes_though_updated_at_stands(heard_estate: Estate) -> None:
    finding = heard_estate.a_finding()
    held = Finding.objects.get(native_id=finding.id)
    heard_estate.change("suppress", id=finding.id)
    hear()
    told = Finding.objects.get(pk=held.pk)
    assert told.updated_at == held.updated_at
    first, second = FindingSpan.objects.filter(finding=held).order_by("valid_from")
    assert (first.valid_to, second.valid_from_source) == (second.valid_from, FindingSpan.Origin.OBSERVED)
    assert (second.workflow, second.status_since) == (Workflow.SUPPRESSED, first.status_since)


def test_a_sweep_under_way_undoes_nothing_that_an_event_told(heard_estate: Estate) -> None:
    finding = heard_estate.a_finding()
    with sweep_that_has_read(heard_estate):
        heard_estate.change("suppress", id=finding.id)
        hear()
    span = FindingSpan.objects.get(finding__native_id=finding.id, valid_to=None)
    assert span.workflow == Workflow.SUPPRESSED
    assert heard_estate.known() == heard_estate.told()


def test_a_sweep_ends_nothing_that_an_event_brought_while_it_read(heard_estate: Estate) -> None:
    finding = {**GOOD, "Id": "new", "AwsAccountId": heard_estate.hub}
    with sweep_that_has_read(heard_estate):
        send(heard_estate, imported(finding, time=now(heard_estate)))
        hear()
    assert Finding.objects.get(native_id="new").gone_at is None
    heard_estate.advance(0.5)
    heard_estate.sync(full=True)
    assert Finding.objects.get(native_id="new").gone_at is not None


def test_an_event_from_before_the_last_sweep_brings_nothing_back(heard_estate: Estate) -> None:
    """Told again after it waited in a dead-letter queue: what is gone stays gone, what was undone stays undone."""
    finding = heard_estate.a_finding()
    heard_estate.change("suppress", id=finding.id)
    (late,) = bodies(heard_estate)
    long_gone = imported({**GOOD, "Id": "gone", "AwsAccountId": heard_estate.hub}, time=now(heard_estate))
    heard_estate.change("workflow", id=finding.id, product_arn=finding.product_arn, status="NEW")
    heard_estate.advance(0.5)
    heard_estate.sync(full=True)
    bodies(heard_estate)
    send(heard_estate, late)
    send(heard_estate, long_gone)
    hear()
    assert heard_estate.known() == heard_estate.told()
    assert Listener.objects.get().outdated == 2


def test_several_findings_come_in_one_event(heard_estate: Estate) -> None:
    rows = [{**GOOD, "Id": name, "AwsAccountId": heard_estate.hub} for name in ("one", "two")]
    send(heard_estate, imported(*rows, {**GOOD, "Id": "three", "Resources": []}, time=now(heard_estate)))
    hear()
    assert set(Finding.objects.filter(product_arn=GOOD["ProductArn"]).values_list("native_id", flat=True)) == {
        "one", "two",
    }  # fmt: skip
    assert SetAside.objects.get().reason == "The record names no resource."


POISON: dict[str, Any] = {
    "The message is not JSON.": "{",
    "The message is no EventBridge event. Send events to the queue as they are.": {"hello": "world"},
    "The message only points to an object in S3, which the portal does not fetch. Send events to the queue as"
    " EventBridge makes them; they fit.": [
        "software.amazon.payloadoffloading.PayloadS3Pointer",
        {"s3BucketName": "bucket", "s3Key": "key"},
    ],
    "time is not a date: 'soon'.": imported(GOOD, time="soon"),
    "The event has no list of findings.": imported(detail={"findings": {}}),
    "The event does not have the form of its kind (KeyError).": imported(detail={}),
    "The portal does not read events of this kind (aws.ec2, EC2 Instance State-change Notification). Let the queue's"
    " rule leave them out.": imported(**{"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification"}),
}


def test_what_cannot_be_taken_in_is_set_aside_once_and_stops_nothing(heard_estate: Estate) -> None:
    stir(heard_estate, 6)
    for _ in range(2):
        for body in POISON.values():
            send(heard_estate, body)
    too_long = evaluation(heard_estate)
    too_long["detail"]["newEvaluationResult"]["complianceType"] = "NEITHER_OF_THE_WORDS_THAT_CONFIG_KNOWS"
    send(heard_estate, too_long)
    hear()
    assert left_in(heard_estate) == 0
    assert heard_estate.known() == heard_estate.told()
    assert set(SetAside.objects.values_list("reason", flat=True)) == {
        *POISON, "The portal could not take it in (DataError). Tell its maintainers.",
    }  # fmt: skip
    assert SetAside.objects.count() == len(POISON) + 1
    assert Listener.objects.get().set_aside == 2 * len(POISON) + 1


def evaluation(estate: Estate, **changes: Any) -> dict[str, Any]:
    """An event of Config, as a change of the estate made it."""
    finding = next(
        row
        for row in estate.sandbox.world.findings.values()
        if row.check and row.check.position >= 0 and row.compliance == "FAILED" and row.check.control.rule
        and row.record == "ACTIVE" and row.check.compliance_type
        and any(rule.identifier == row.check.control.rule
                for rule in estate.sandbox.world.places[row.account, row.region].rules.values())
    )  # fmt: skip
    kept = bodies(estate)
    estate.change("pass", id=finding.id)
    made = [json.loads(body) for body in bodies(estate)]
    for body in [*kept, *(json.dumps(event) for event in made)]:
        send(estate, body)
    found: dict[str, Any] = next(event for event in made if event["source"] == "aws.config")
    found["detail"] |= changes
    return found


def test_a_place_that_is_not_read_is_looked_for_and_read_whole(heard_estate: Estate) -> None:
    before = heard_estate.known()
    Connection.objects.update(discovered_at=heard_estate.connection.created_at)
    heard_estate.advance(0.05)
    bodies(heard_estate)
    heard_estate.change("add_account", name="newcomer")
    hear()
    assert heard_estate.known() == before
    assert heard_estate.connection.discovered_at is None
    account = heard_estate.account("newcomer")
    reasons = set(SetAside.objects.values_list("reason", flat=True))
    assert reasons == {
        f"It tells of {source} in account {account}, region {HOME}, which this connection does not read. Accounts"
        " and regions are looked for again; where the place is found, it is read whole."
        for source in ("Security Hub", "AWS Config")
    }
    heard_estate.sync()
    heard_estate.sync(full=True)
    assert heard_estate.known() == heard_estate.told()


def test_a_result_that_is_no_more_makes_its_place_due(heard_estate: Estate) -> None:
    Scope.objects.update(due_at=None)
    send(heard_estate, evaluation(heard_estate, newEvaluationResult=None))
    hear()
    due = Scope.objects.exclude(due_at=None)
    assert [(scope.account, scope.region, scope.source) for scope in due] == [(heard_estate.hub, HOME, Source.CONFIG)]


def test_what_an_event_tells_of_config_is_what_a_reading_finds(heard_estate: Estate) -> None:
    """The same record, resource and check: the sweep after it finds nothing new to write."""
    for _ in range(5):
        evaluation(heard_estate)
    hear()
    assert heard_estate.known() == heard_estate.told()
    runs = heard_estate.sync(full=True)
    assert [(run.added, run.changed, run.gone) for run in runs.values()] == [(0, 0, 0), (0, 0, 0)]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            {"kind": "access_denied", "operation": "ReceiveMessage"},
            "AWS refused ReceiveMessage. Add that action to the role's policy, and look for an SCP that denies it.",
        ),
        (
            {"kind": "access_denied", "operation": "GetQueueUrl"},
            "AWS refused GetQueueUrl. Add that action to the role's policy, and look for an SCP that denies it.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else value["operation"],
)
def test_a_queue_that_may_not_be_read_says_so_until_it_may(
    heard_estate: Estate, fault: dict[str, Any], words: str
) -> None:
    stir(heard_estate, 7)
    heard_estate.fault(service="sqs", **fault)
    with pytest.raises(CommandError, match=f"Sandbox: {words}"):
        hear()
    row = Listener.objects.get()
    assert (row.trouble, row.lease_until, row.heard_at) == (words, None, None)
    heard_estate.no_faults()
    hear()
    assert heard_estate.known() == heard_estate.told()
    assert Listener.objects.get().trouble == ""


def test_a_queue_that_is_not_there_is_named(heard_estate: Estate) -> None:
    Connection.objects.update(queue_name="elsewhere")
    with pytest.raises(CommandError, match=r"There is no queue elsewhere in the hub account's home region\. Deploy"):
        hear()


def test_one_listener_at_a_queue_and_a_late_one_changes_nothing(heard_estate: Estate) -> None:
    (late,) = listening.claim()
    assert listening.claim() == []
    stir(heard_estate, 8)
    before, waiting = state(), left_in(heard_estate)
    Listener.objects.update(lease_until=heard_estate.connection.created_at)
    (next_one,) = listening.claim()
    with pytest.raises(LostLease):
        late.turn(0)
    assert (state(), left_in(heard_estate)) == (before, waiting)
    next_one.turn(0)
    assert state() != before


def now(estate: Estate) -> str:
    return f"{estate.control('world')['now'][:19]}Z"


@contextmanager
def sweep_that_has_read(estate: Estate) -> Iterator[None]:
    """A sweep of Security Hub that has read everything, and stores it after what happens in the block."""
    run = claim(estate.scope().pk, SyncRun.Kind.SWEEP, None)
    assert run is not None
    reading = Reading.of(run)
    hub = Service(reading.connection, "securityhub", HOME, estate.hub)
    covered = places_of_config(reading.connection)
    pages = security_hub.findings_in(hub, Window(BEGINNING, None), covered_by_config=covered)
    rows = [row for page in pages for row in page]
    yield
    reading.finish(rows)
    reading.lease.release(due_at=None)


@contextmanager
def process(*command: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "manage.py", *command], cwd=ROOT, env=environment) as running:
        try:
            yield running
        finally:
            running.terminate()
            running.wait(PATIENCE)


@pytest.mark.slow
def test_listeners_killed_and_restarted_beside_a_sweep_lose_nothing(
    committed_database: Clone, start_estate: StartEstate, settings: Any
) -> None:
    estate = start_estate(regions=[HOME], findings=120)
    estate.connect(queue_name=estate.sandbox.world.queue_name)
    estate.sync()
    variables = {
        **committed_database.environment,
        "AWS_ENDPOINT_URL": estate.url,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "PORTAL_CLOCK_FILE": settings.CLOCK_FILE,
        "LOG_LEVEL": "ERROR",
    }
    estate.control("queue", shuffle=9, twice=0.3)
    with process("listen", environment=variables) as first:
        wait_until(lambda: Listener.objects.filter(seen_at__isnull=False).exists())
        stir(estate, 9)
        first.send_signal(signal.SIGKILL)
        first.wait(PATIENCE)
    for message in estate.sandbox.engine.queue.messages.values():
        message.visible = 0.0
    Listener.objects.update(lease_until=estate.connection.created_at)
    with (
        process("listen", environment=variables),
        process("sync", "--full", "--inline", environment=variables) as sweep,
    ):
        stir(estate, 10)
        assert sweep.wait(PATIENCE) == 0
        stir(estate, 11)
        wait_until(lambda: left_in(estate) == 0 and estate.known() == estate.told())
    assert Listener.objects.get().lease_until is None

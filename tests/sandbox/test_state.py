"""A sandbox that starts again has the world it had."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.journal import StateMismatchError
from tests.sandbox.conftest import MakeEstate

OPTIONS: dict[str, Any] = {"seed": "kept", "findings": 300, "days": 1}


@pytest.fixture
def state(tmp_path: Path) -> Any:
    return tmp_path / "state.jsonl"


def test_what_callers_wrote_is_there_after_a_restart(make_estate: MakeEstate, state: Path) -> None:
    first = make_estate(**OPTIONS, state=state)
    finding = first.findings(Filters={"ComplianceStatus": [{"Value": "FAILED", "Comparison": "EQUALS"}]})[0]
    first.client("securityhub").batch_update_findings(
        FindingIdentifiers=[{"Id": finding["Id"], "ProductArn": finding["ProductArn"]}],
        Workflow={"Status": "SUPPRESSED"},
        Note={"Text": "kept", "UpdatedBy": "tests"},
    )
    first.control("advance", {"days": 1.5})
    first.control("change", {"change": "add_account", "name": "new-one"})
    first.control("advance", {"days": 0.5})
    before, facts = first.settled(first.findings)
    first.sandbox.stop()
    second = Sandbox(**OPTIONS, state=state)
    try:
        second.start()
        again = type(first)(second)
        assert again.facts() == facts
        assert again.findings() == before
        assert again.account("new-one")
        again.close()
    finally:
        second.stop()


def test_a_line_cut_off_by_a_crash_is_forgotten(make_estate: MakeEstate, state: Path) -> None:
    make_estate(**OPTIONS, state=state).sandbox.engine.stop()
    whole = state.read_text()
    state.write_text(whole + '{"at": 17, "verb": "arch')
    make_estate(**OPTIONS, state=state)
    assert state.read_text() == whole


def test_the_state_of_another_world_is_refused(make_estate: MakeEstate, state: Path) -> None:
    make_estate(**OPTIONS, state=state)
    assert json.loads(state.read_text().splitlines()[0])["world"]["seed"] == "kept"
    with pytest.raises(StateMismatchError, match="use those options, or another state file"):
        Sandbox(**{**OPTIONS, "seed": "another"}, state=state)


def test_what_waits_in_the_queue_waits_there_after_a_restart(make_estate: MakeEstate, state: Path) -> None:
    first = make_estate(**OPTIONS, state=state)
    queue = first.client("sqs")
    url = queue.get_queue_url(QueueName=first.world["queue_name"])["QueueUrl"]
    first.control("advance", {"days": 0.5})
    queue.send_message(QueueUrl=url, MessageBody="by hand")
    handled = queue.receive_message(QueueUrl=url, MaxNumberOfMessages=3)["Messages"]
    entries = [{"Id": str(n), "ReceiptHandle": row["ReceiptHandle"]} for n, row in enumerate(handled[1:])]
    queue.delete_message(QueueUrl=url, ReceiptHandle=handled[0]["ReceiptHandle"])
    queue.delete_message_batch(QueueUrl=url, Entries=entries)
    waiting = {message.id: message.body for message in first.sandbox.engine.queue.messages.values()}
    assert len(waiting) > 5
    first.sandbox.stop()
    second = Sandbox(**OPTIONS, state=state).start()
    try:
        again = {message.id: message.body for message in second.engine.queue.messages.values()}
        assert {id: body for id, body in again.items() if id in waiting} == waiting
        assert not {row["MessageId"] for row in handled} & again.keys()
        assert "by hand" in again.values()
    finally:
        second.stop()


def test_a_sandbox_that_was_stopped_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with Sandbox(**OPTIONS).start() as sandbox:
        sandbox.start()
        assert len(set(threading.enumerate()) - before) > 0
    assert [thread.name for thread in set(threading.enumerate()) - before] == []

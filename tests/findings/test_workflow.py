"""Exceptions are written back: Security Hub suppresses what they cover, with a note, and gives it back at the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from audit import clock
from audit.models import TrailEntry
from findings import acceptances, aws, tasks, workflow, write_back
from findings.connectors.security_hub_workflow import Unprocessed, update_workflow
from findings.models import Connection, Finding, FindingSpan, Source, Workflow, WorkflowChange
from tests.clock import after
from tests.factories.findings import AcceptanceFactory, FindingFactory
from tests.findings.conftest import Estate
from tests.workers import wait_until, worker

NOTE = "Accepted until 31 Dec 2026 under X-12: https://portal.example.org/risks/exceptions/X-12/"
BACK = "X-12 has ended: it expired"


def failing(estate: Estate, n: int = 1, status: str = "NEW") -> list[Finding]:
    """Findings of Security Hub's own checks that fail, with this workflow, as read."""
    spans = FindingSpan.objects.filter(valid_to=None, status="fail", workflow=status, record_state="ACTIVE")
    spans = spans.filter(finding__source=Source.SECURITY_HUB, finding__product="Security Hub")
    return list(Finding.objects.filter(pk__in=spans.values("finding")).order_by("pk")[:n])


def in_aws(estate: Estate, finding: Finding) -> tuple[str, str]:
    """Workflow and note, as AWS has them."""
    held = estate.sandbox.world.findings[finding.product_arn, finding.native_id]
    return str(held.workflow), ((held.extra or {}).get("Note") or {}).get("Text", "")


def here(finding: Finding) -> str:
    return str(FindingSpan.objects.get(finding=finding, valid_to=None).workflow)


def tell(estate: Estate) -> None:
    write_back.carry_out(estate.connection.pk)


def lines(exception: str = "X-12") -> list[tuple[str, str, str, int]]:
    return [(one.state, one.wanted, one.words, one.n) for one in workflow.written_back(exception).lines]


def test_a_finding_is_suppressed_with_a_note_and_given_back_at_the_end(read_estate: Estate) -> None:
    (finding,) = failing(read_estate)
    asked = workflow.suppress([finding], "X-12", NOTE)
    assert (asked.waiting, asked.not_written) == (1, {})
    assert (in_aws(read_estate, finding), workflow.written_back("X-12").waiting) == (("NEW", ""), 1)
    tell(read_estate)
    assert (in_aws(read_estate, finding), workflow.written_back("X-12").done) == (("SUPPRESSED", NOTE), 1)
    assert here(finding) == "NEW"
    read_estate.sync()
    assert here(finding) == "SUPPRESSED"
    assert workflow.restore("X-12", BACK).waiting == 1
    tell(read_estate)
    assert (in_aws(read_estate, finding), lines()) == (("NEW", BACK), [("done", "NEW", "", 1)])
    entry = TrailEntry.objects.filter(action="connection.workflow_written").order_by("pk")[0]
    assert entry.detail == {"exception": "X-12", "workflow": "SUPPRESSED", "findings": 1, "refused": 0}


def test_what_was_notified_is_notified_again(read_estate: Estate) -> None:
    (finding,) = failing(read_estate)
    read_estate.sandbox.world.findings[finding.product_arn, finding.native_id].workflow = "NOTIFIED"
    FindingSpan.objects.filter(finding=finding, valid_to=None).update(workflow=Workflow.NOTIFIED)
    workflow.suppress([finding], "X-12", NOTE)
    tell(read_estate)
    workflow.restore("X-12", BACK)
    tell(read_estate)
    assert in_aws(read_estate, finding)[0] == "NOTIFIED"


def test_asking_twice_asks_once_and_a_new_note_is_told(read_estate: Estate) -> None:
    findings = failing(read_estate, 2)
    assert workflow.suppress(Finding.objects.filter(pk__in=[one.pk for one in findings]), "X-12", NOTE).waiting == 2
    assert workflow.suppress(findings, "X-12", NOTE).waiting == 0
    tell(read_estate)
    assert workflow.suppress(findings, "X-12", NOTE).waiting == 0
    assert workflow.suppress(findings, "X-12", "Longer").waiting == 2
    assert workflow.suppress(findings, "X-12", "Longer still").waiting == 2
    tell(read_estate)
    assert [in_aws(read_estate, one) for one in findings] == [("SUPPRESSED", "Longer still")] * 2
    assert workflow.written_back("X-12").done == 2


def test_what_was_never_told_is_simply_no_longer_wanted(read_estate: Estate) -> None:
    (finding,) = failing(read_estate)
    workflow.suppress([finding], "X-12", NOTE)
    assert workflow.restore("X-12", BACK).waiting == 0
    tell(read_estate)
    assert (in_aws(read_estate, finding), lines()) == (("NEW", ""), [])


def test_what_another_exception_covers_stays_suppressed_until_that_one_ends_too(read_estate: Estate) -> None:
    (finding,) = failing(read_estate)
    for exception in ("X-12", "X-13"):
        AcceptanceFactory(finding=finding, exception=exception)
        workflow.suppress([finding], exception, f"under {exception}")
        tell(read_estate)
        read_estate.sync()
    acceptances.end("X-12", because="It was withdrawn")
    asked = workflow.restore("X-12", BACK)
    assert (asked.waiting, asked.not_written) == (0, {"it stays suppressed, because X-13 covers it too": 1})
    tell(read_estate)
    assert in_aws(read_estate, finding) == ("SUPPRESSED", "under X-13")
    acceptances.end("X-13", because="It was withdrawn")
    workflow.restore("X-13", "X-13 has ended")
    tell(read_estate)
    assert in_aws(read_estate, finding) == ("NEW", "X-13 has ended")


def test_what_somebody_changed_in_aws_meanwhile_stays_as_they_left_it(read_estate: Estate) -> None:
    (finding,) = failing(read_estate)
    workflow.suppress([finding], "X-12", NOTE)
    tell(read_estate)
    read_estate.sync()
    with after(days=1):
        FindingSpan.objects.filter(finding=finding, valid_to=None).update(
            workflow=Workflow.RESOLVED, recorded_at=clock.now()
        )
        asked = workflow.restore("X-12", BACK)
    assert asked.not_written == {"somebody changed its workflow in AWS meanwhile": 1}


def test_only_security_hub_is_told_and_only_by_a_write_role(read_estate: Estate) -> None:
    (finding,) = failing(read_estate)
    of_config = Finding.objects.filter(source=Source.CONFIG)[:2]
    Connection.objects.update(write_role="")
    asked = workflow.suppress([finding, *of_config, FindingFactory()], "X-12", NOTE)
    assert asked.waiting == 0
    assert asked.not_written == {
        "AWS Config keeps no workflow: only Security Hub does": 2,
        "the connection Sandbox names no write role": 1,
        f"the connection {Connection.objects.latest('pk')} names no write role": 1,
    }
    told = workflow.written_back("X-12")
    assert (told.not_written, told.waiting, told.done, told.refused) == (4, 0, 0, 0)
    Connection.objects.update(write_role="writer", enabled=False)
    assert workflow.suppress([finding], "X-14", NOTE).not_written == {"the connection Sandbox is switched off": 1}
    Connection.objects.update(enabled=True)
    Finding.objects.filter(pk=finding.pk).update(account="999999999999")
    why = "the hub account of Sandbox does not see findings of this account and Region"
    assert workflow.suppress([finding], "X-15", NOTE).not_written == {why: 1}


def test_findings_of_a_linked_region_are_told_in_the_home_region(read_estate: Estate) -> None:
    elsewhere = Finding.objects.filter(source=Source.SECURITY_HUB, product="Security Hub")
    finding = elsewhere.exclude(region=read_estate.home).earliest("pk")
    workflow.suppress([finding], "X-12", NOTE)
    assert WorkflowChange.objects.get().region == read_estate.home
    tell(read_estate)
    assert in_aws(read_estate, finding)[0] == "SUPPRESSED"


def test_what_aws_refuses_is_kept_with_its_words_and_stops_nothing_else(read_estate: Estate) -> None:
    gone, finding = failing(read_estate, 2)
    Finding.objects.filter(pk=gone.pk).update(native_id="arn:aws:securityhub:::finding/gone")
    workflow.suppress([gone, finding], "X-12", NOTE)
    tell(read_estate)
    assert lines() == [
        ("done", "SUPPRESSED", "", 1),
        ("refused", "SUPPRESSED", "The finding was not found.", 1),
    ]
    assert in_aws(read_estate, finding)[0] == "SUPPRESSED"
    assert workflow.restore("X-12", BACK).waiting == 1
    assert workflow.suppress([gone], "X-12", NOTE).waiting == 1


def test_a_role_that_may_not_write_is_asked_again_later_and_the_last_refusal_stands(read_estate: Estate) -> None:
    (finding,) = failing(read_estate)
    read_estate.fault("access_denied", service="securityhub", operation="BatchUpdateFindings")
    workflow.suppress([finding], "X-12", NOTE)
    before = clock.now()
    tell(read_estate)
    words = "AWS refused BatchUpdateFindings. Add that action to the role's policy, and look for an SCP that denies it."
    assert lines() == [("waiting", "SUPPRESSED", words, 1)]
    change = WorkflowChange.objects.get()
    assert (change.tries, change.lease_until) == (1, None)
    assert change.due_at > before + timedelta(seconds=20)
    assert write_back.connections_due(at=change.due_at - timedelta(seconds=1)) == []
    for _try in range(write_back.TRIES - 1):
        WorkflowChange.objects.update(due_at=clock.now())
        assert write_back.connections_due(at=clock.now()) == [read_estate.connection.pk]
        tell(read_estate)
    assert lines() == [("refused", "SUPPRESSED", words, 1)]


def test_only_the_write_role_writes(read_estate: Estate) -> None:
    """As its CloudFormation template has it, and as the sandbox holds roles to it."""
    (finding,) = failing(read_estate)
    name = (finding.product_arn, finding.native_id)
    hub, writer = (made(read_estate.connection, "securityhub") for made in (aws.hub, aws.writer))
    with pytest.raises(Exception, match="not authorized to perform: securityhub:BatchUpdateFindings"):
        list(update_workflow(hub, [name], "SUPPRESSED", NOTE))
    with pytest.raises(Exception, match="not authorized to perform: securityhub:GetFindings"):
        writer.call("get_findings", MaxResults=1)
    assert list(update_workflow(writer, [name, ("arn:aws:x", "y")], "SUPPRESSED", NOTE)) == [
        Unprocessed(("arn:aws:x", "y"), "FindingNotFound", "The finding was not found.")
    ]


def test_a_finding_that_aws_cannot_read_does_not_hold_up_those_beside_it(read_estate: Estate) -> None:
    findings = failing(read_estate, 3)
    Finding.objects.filter(pk=findings[1].pk).update(product_arn="")
    workflow.suppress(findings, "X-12", NOTE)
    tell(read_estate)
    told = workflow.written_back("X-12")
    assert (told.done, told.refused, told.waiting) == (2, 1, 0)


def test_hundreds_are_told_a_hundred_at_a_time(read_estate: Estate) -> None:
    spans = FindingSpan.objects.filter(valid_to=None, finding__source=Source.SECURITY_HUB, record_state="ACTIVE")
    findings = Finding.objects.filter(pk__in=spans.values("finding"), product="Security Hub")
    n = findings.count()
    assert n > 100
    workflow.suppress(findings, "X-12", NOTE)
    before = read_estate.calls()
    tell(read_estate)
    calls = read_estate.calls() - before
    assert calls <= -(-n // 100) + 1  # and one for the role
    assert workflow.written_back("X-12").done == n


def test_a_change_in_somebodys_hands_is_theirs_and_what_follows_it_waits(read_estate: Estate) -> None:
    (finding,) = failing(read_estate)
    workflow.suppress([finding], "X-12", NOTE)
    assert write_back._taken(read_estate.connection)
    assert write_back._taken(read_estate.connection) == []
    assert workflow.restore("X-12", BACK).waiting == 1
    assert write_back.connections_due(at=clock.now()) == []
    WorkflowChange.objects.filter(wanted="SUPPRESSED").update(lease_until=clock.of_this_machine() - timedelta(hours=1))
    tell(read_estate)
    assert (in_aws(read_estate, finding), lines()) == (("NEW", BACK), [("done", "NEW", "", 1)])


def test_what_was_asked_of_aws_is_never_deleted(db: None) -> None:
    FindingFactory()
    workflow.suppress(Finding.objects.all(), "X-12", NOTE)
    with pytest.raises(ProgrammingError), transaction.atomic():
        WorkflowChange.objects.all().delete()


@pytest.mark.slow
def test_a_worker_tells_aws_and_finds_again_what_nobody_told_it_of(environment: dict[str, Any]) -> None:
    estate: Estate = environment["estate"]
    estate.sync()
    first, second = failing(estate, 2)
    with worker(environment["variables"]):
        workflow.suppress([first], "X-12", NOTE)
        wait_until(lambda: workflow.written_back("X-12").done == 1)
        with transaction.atomic():
            workflow.suppress([second], "X-13", NOTE)
            transaction.get_connection().run_on_commit.clear()
        tasks.look_after_workflow()
        wait_until(lambda: workflow.written_back("X-13").done == 1)
    assert [in_aws(estate, one)[0] for one in (first, second)] == ["SUPPRESSED", "SUPPRESSED"]

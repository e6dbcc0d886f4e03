"""Tells Security Hub what it waits to be told: batch by batch, again after a while where AWS does not take it.

A batch is taken under a lease, told outside of any transaction, and settled in another. Where a worker dies in
between it is told once more, which changes nothing: the same status and note are set again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from botocore.exceptions import ClientError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from audit import clock, trail
from findings import aws
from findings.aws_errors import code_of, unreadable
from findings.connectors.security_hub_workflow import AT_ONCE, Unprocessed, update_workflow
from findings.discovery import TROUBLES
from findings.models import Connection, WorkflowChange
from findings.rates import TooLong

LEASE = timedelta(minutes=15)
"""Longer than one call takes with all its pauses."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=2)
TRIES = 12
"""About half a day, after which AWS's refusal stands."""
NOT_VALID = {"InvalidInputException", "ValidationException"}
"""AWS refuses a whole call for one of its findings."""
PROCESS = "write-back"

State = WorkflowChange.State


def connections_due(*, at: datetime) -> list[int]:
    """Keys of the connections that have something to tell."""
    due = WorkflowChange.objects.due(at).order_by().values_list("connection", flat=True)
    return sorted(set(due.distinct()))


def carry_out(connection_id: int) -> None:
    """Tell all that is due, until there is no more or AWS does not take it."""
    connection = Connection.objects.get(pk=connection_id)
    while batch := _taken(connection):
        if not _tell(connection, batch):
            return


@transaction.atomic
def _taken(connection: Connection) -> list[WorkflowChange]:
    """Changes that one call can tell, in our hands until the lease ends."""
    due = WorkflowChange.objects.due(clock.now()).filter(connection=connection).order_by("pk")
    first = due.first()
    if first is None:
        return []
    alike = due.filter(region=first.region, wanted=first.wanted, note=first.note)
    rows = list(alike.select_for_update(of=("self",), skip_locked=True).select_related("finding")[:AT_ONCE])
    leased = WorkflowChange.objects.filter(pk__in=[row.pk for row in rows])
    leased.update(lease_until=Now() + LEASE, tries=F("tries") + 1)
    return rows


def _tell(connection: Connection, batch: Sequence[WorkflowChange]) -> bool:
    """Whether AWS answered for every one of them."""
    first = batch[0]
    hub = aws.writer(connection, "securityhub", first.region)
    names = [(row.finding.product_arn, row.finding.native_id) for row in batch]
    try:
        missed = {one.identifier: one for one in update_workflow(hub, names, first.wanted, first.note)}
    except (*TROUBLES, TooLong) as error:
        if code_of(error) not in NOT_VALID:
            _again_later(batch, unreadable(error).words)
            return False
        if len(batch) > 1:
            half = len(batch) // 2
            return _tell(connection, batch[:half]) and _tell(connection, batch[half:])
        missed = {names[0]: Unprocessed(names[0], code_of(error), _said(error))}
    with transaction.atomic():
        refused = [(row, missed[name]) for row, name in zip(batch, names, strict=True) if name in missed]
        kept = {row.pk for row, _one in refused}
        _settle([row for row in batch if row.pk not in kept], State.DONE)
        for row, one in refused:
            if one.passes:
                _again_later([row], one.words)
            else:
                _settle([row], State.REFUSED, one.words)
        told = {"exception": first.exception, "workflow": first.wanted, "findings": len(batch), "refused": len(kept)}
        trail.record(PROCESS, "connection.workflow_written", connection, **told)
    return True


def _said(error: BaseException) -> str:
    """AWS's own words."""
    return str(error.response["Error"].get("Message", "")) if isinstance(error, ClientError) else str(error)


def _settle(rows: Iterable[WorkflowChange], state: str, words: str = "") -> None:
    """What is no longer wanted meanwhile stays so; it is out of our hands in any case."""
    ours = WorkflowChange.objects.filter(pk__in=[row.pk for row in rows])
    ours.waiting().update(state=state, words=words[:500], settled_at=clock.now())
    ours.update(lease_until=None)


def _again_later(rows: Sequence[WorkflowChange], words: str) -> None:
    """Once more after a pause that grows from try to try; after the last one it stands as refused."""
    at = clock.now()
    for row in rows:
        ours = WorkflowChange.objects.filter(pk=row.pk)
        if row.tries + 1 >= TRIES:
            _settle([row], State.REFUSED, words)
        else:
            pause = min(FIRST_PAUSE * 2**row.tries, LONGEST_PAUSE)
            ours.update(due_at=at + pause, words=words[:500], lease_until=None)

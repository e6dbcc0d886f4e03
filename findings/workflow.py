"""The workflow of findings in Security Hub follows exceptions: suppressed with a note, and back at the end.

Nothing is changed here but the list of what AWS is to be told, in the caller's transaction; a worker tells it
(findings.write_back). What the portal shows is what AWS then answers: at the next reading or event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.moment import Moment
from findings.acceptances import AT_ONCE, Findings, keys_of
from findings.models import Acceptance, Finding, FindingSpan, Scope, Source, Workflow, WorkflowChange
from findings.tasks import tell_workflow

State = WorkflowChange.State
NO_WORKFLOW = _("AWS Config keeps no workflow: only Security Hub does")
NO_ROLE = _("the connection {connection} names no write role")
SWITCHED_OFF = _("the connection {connection} is switched off")
OUT_OF_SIGHT = _("the hub account of {connection} does not see findings of this account and Region")
COVERED = _("it stays suppressed, because {exception} covers it too")
CHANGED_IN_AWS = _("somebody changed its workflow in AWS meanwhile")


@dataclass(frozen=True)
class Asked:
    """waiting: how many findings AWS is to be told of. not_written: why not, in words → how many."""

    waiting: int
    not_written: Mapping[str, int]


@transaction.atomic
def suppress(findings: Findings, exception: str, note: str) -> Asked:
    """Have Security Hub suppress findings, with a note of 512 characters at most. The same again asks for nothing."""
    keys = keys_of(findings)
    known = {row.finding_id: row for row in _in_effect(exception, keys)}
    new = [key for key in keys if not _is_asked(known.get(key), note)]
    _withdraw(exception, new)
    return _ask(new, exception, note, wanted=None)


@transaction.atomic
def restore(exception: str, note: str, findings: Findings | None = None) -> Asked:
    """Have Security Hub give findings back the workflow they had before an exception: all of its, or these.

    What was never told is no longer wanted. What somebody changed in AWS meanwhile, or another exception in force
    covers, stays as it is.
    """
    keys = keys_of(findings) if findings is not None else None
    told = [row for row in _in_effect(exception, keys) if row.wanted == Workflow.SUPPRESSED]
    done = WorkflowChange.objects.of_exception(exception).filter(state=State.DONE, wanted=Workflow.SUPPRESSED)
    was_told = set(done.values_list("finding", flat=True))
    never = _withdraw(exception, [row.finding_id for row in told]) - was_told
    back = {
        row.finding_id: Workflow.NOTIFIED if row.before == Workflow.NOTIFIED else Workflow.NEW
        for row in told
        if row.finding_id not in never
    }
    return _ask(list(back), exception, note, wanted=back, stays=_stays(told, exception))


def _in_effect(exception: str, keys: Collection[int] | None) -> Iterable[WorkflowChange]:
    """What AWS was last told, or may have been, of each finding under an exception."""
    rows = WorkflowChange.objects.of_exception(exception).in_effect()
    return (rows if keys is None else rows.filter(finding__in=keys)).last_of_each()


def _is_asked(known: WorkflowChange | None, note: str) -> bool:
    return known is not None and known.wanted == Workflow.SUPPRESSED and known.note == note[:512]


def _withdraw(exception: str, keys: Collection[int]) -> set[int]:
    """What waits of these findings is not wanted any more. Returns those of which AWS cannot have heard yet."""
    rows = WorkflowChange.objects.of_exception(exception).waiting().filter(finding__in=keys)
    held = list(rows.select_for_update().values_list("pk", "finding", "tries"))
    WorkflowChange.objects.filter(pk__in=[row[0] for row in held]).update(state=State.WITHDRAWN, settled_at=clock.now())
    return {finding for _pk, finding, tries in held if not tries}


def _ask(
    keys: Collection[int],
    exception: str,
    note: str,
    *,
    wanted: Mapping[int, str] | None,
    stays: Mapping[int, str] | None = None,
) -> Asked:
    """wanted: by finding; None: suppressed. stays: why a finding is left as it is."""
    at = clock.now()
    before, places = _before(keys), _places(keys)
    rows, why = [], Counter[str]()
    for finding in Finding.objects.filter(pk__in=keys).select_related("connection").order_by("pk"):
        region, reason = _where(finding, places)
        reason = (stays or {}).get(finding.pk, "") or reason
        row = WorkflowChange(
            finding=finding,
            connection=finding.connection,
            region=region,
            exception=exception,
            wanted=wanted[finding.pk] if wanted else Workflow.SUPPRESSED,
            before=before.get(finding.pk, Workflow.NEW),
            note=note[:512],
            asked_at=at,
            due_at=at,
        )
        if reason:
            row.state, row.words, row.settled_at = State.SKIPPED, reason, at
            why[reason] += 1
        rows.append(row)
    WorkflowChange.objects.bulk_create(rows, batch_size=AT_ONCE)
    for connection in sorted({row.connection_id for row in rows if row.state == State.WAITING}):
        transaction.on_commit(partial(tell_workflow.delay, connection), robust=True)
    return Asked(len(rows) - why.total(), dict(why))


def _before(keys: Collection[int]) -> dict[int, str]:
    """The workflow that findings had before any exception: what we did ourselves is none of it."""
    spans = FindingSpan.objects.at(Moment.now()).filter(finding__in=keys)
    found: dict[int, str] = dict(spans.values_list("finding", "workflow"))
    for row in WorkflowChange.objects.in_effect().filter(finding__in=keys).last_of_each():
        if row.wanted == Workflow.SUPPRESSED:
            found[row.finding_id] = row.before
        elif found.get(row.finding_id) == Workflow.SUPPRESSED:  # given back, and not read again yet
            found[row.finding_id] = row.wanted
    return found


Place = tuple[int, str, str]
"""A connection, an account and a Region."""


def _places(keys: Collection[int]) -> dict[Place, tuple[str, str]]:
    """Where each place's findings of Security Hub are read: account and Region."""
    connections = Finding.objects.filter(pk__in=keys).values("connection")
    scopes = Scope.objects.filter(connection__in=connections, source=Source.SECURITY_HUB, retired_at=None)
    found = {}
    for scope in scopes.select_related("read_through"):
        reading = scope.read_through or scope
        found[scope.connection_id, scope.account, scope.region] = (reading.account, reading.region)
    return found


def _where(finding: Finding, places: Mapping[Place, tuple[str, str]]) -> tuple[str, str]:
    """The Region where the hub account is told of a finding, and why it is not: one of the two is empty."""
    connection = finding.connection
    if finding.source != Source.SECURITY_HUB:
        return "", str(NO_WORKFLOW)
    if not connection.write_role:
        return "", NO_ROLE.format(connection=connection)
    if not connection.enabled:
        return "", SWITCHED_OFF.format(connection=connection)
    account, region = places.get((connection.pk, finding.account, finding.region), ("", ""))
    if account != connection.hub_account:
        return "", OUT_OF_SIGHT.format(connection=connection)
    return region, ""


def _stays(told: Iterable[WorkflowChange], exception: str) -> dict[int, str]:
    """Findings that keep the workflow they have, each with the reason."""
    at = clock.now()
    settled = {row.finding_id: row.settled_at for row in told}
    spans = FindingSpan.objects.at(Moment.now()).filter(finding__in=settled).exclude(workflow=Workflow.SUPPRESSED)
    found = {
        finding: str(CHANGED_IN_AWS)
        for finding, recorded_at in spans.values_list("finding", "recorded_at")
        if _is_after(recorded_at, settled[finding])
    }
    others = Acceptance.objects.in_force(at).filter(finding__in=settled).exclude(exception=exception)
    return found | {
        finding: COVERED.format(exception=other) for finding, other in others.values_list("finding", "exception")
    }


def _is_after(recorded_at: datetime, settled_at: datetime | None) -> bool:
    return settled_at is not None and recorded_at > settled_at


@dataclass(frozen=True)
class Line:
    """How many findings of an exception stand so. words: AWS's where it refused, ours where it was not asked."""

    state: str
    wanted: str
    words: str
    n: int

    @property
    def label(self) -> str:
        return str(State(self.state).label)


@dataclass(frozen=True)
class WrittenBack:
    """What Security Hub was told of an exception's findings, each counted once: by the last that was wanted of it."""

    lines: list[Line]

    def n(self, state: str) -> int:
        return sum(line.n for line in self.lines if line.state == state)

    @property
    def waiting(self) -> int:
        return self.n(State.WAITING)

    @property
    def done(self) -> int:
        return self.n(State.DONE)

    @property
    def refused(self) -> int:
        return self.n(State.REFUSED)

    @property
    def not_written(self) -> int:
        return self.n(State.SKIPPED)


def written_back(exception: str) -> WrittenBack:
    """One query."""
    wanted = WorkflowChange.objects.of_exception(exception).exclude(state=State.WITHDRAWN)
    last = WorkflowChange.objects.filter(pk__in=wanted.last_of_each().values("pk"))
    counted: Any = last.values("state", "wanted", "words").annotate(n=Count("pk")).order_by("state", "wanted", "words")
    return WrittenBack([Line(**row) for row in counted])

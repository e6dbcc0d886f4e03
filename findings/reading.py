"""One reading of one scope by one worker: its transactions and its counts.

Nothing is held while AWS is asked. A worker that lost its lease finds another fence in the
final transaction of whatever it does, and what it wanted to write is not written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q

from audit import clock
from desk.models import Job
from findings import posture, setting_aside
from findings.connectors.asff import CONTROL_PRODUCT, Rejected
from findings.leases import Lease, LostLease
from findings.merge import (
    Made,
    Sweep,
    reassign_solutions,
    refresh_statistics,
    stage_and_merge,
    tell_resources,
    turns,
)
from findings.models import Connection, Finding, Resource, Scope, Source, SyncRun
from findings.rates import Asker
from findings.staging import StagedFinding

Row = StagedFinding | Rejected
Place = tuple[str, str]
"""Account and region."""
MANY = 1_000
"""New findings in one transaction after which the planner is told: a first load meets plans for empty tables."""
POINTS = 100
"""What one reading counts in the progress of a job."""
CHUNK = 3_000
"""Rows that one transaction merges at most, so that no event waits long for its turn."""
COUNTED = ("read", "added", "changed", "gone", "set_aside", "calls", "throttles", "waited", "reached")


class HandOver(Exception):
    """The run has lasted long enough: what it has is kept, and the next run goes on."""


@dataclass(frozen=True)
class Reached:
    """Everything before `mark` is merged: a sweep that stops goes on from there. share: how much of all that is."""

    mark: str
    share: float


@dataclass
class Reading:
    """scope and run as they were claimed. remarks: what could not be answered beside the reading itself."""

    scope: Scope
    run: SyncRun
    sweep: Sweep | None = None
    remarks: list[str] = field(default_factory=list)
    force: bool = False
    asker: Asker = field(default_factory=Asker)
    _points: int = 0
    _statistics: bool = False
    _began: float = field(default_factory=time.monotonic)
    _set_aside: set[UUID] = field(default_factory=set)

    @classmethod
    def of(cls, run: SyncRun, *, force: bool = False) -> Reading:
        sweep = Sweep(run.sweep or run) if run.kind == SyncRun.Kind.SWEEP else None
        return cls(run.scope, run, sweep, force=force, asker=Asker(run.scope.public_id))

    @property
    def connection(self) -> Connection:
        return self.scope.connection

    @property
    def lease(self) -> Lease:
        return Lease(self.scope.pk, self.run.fence)

    @property
    def _read_from(self) -> datetime:
        """What the rows show is at least as young as this; of a file nobody knows."""
        return self.connection.created_at if self.run.kind == SyncRun.Kind.LOAD else self.since

    @property
    def since(self) -> datetime:
        """When the reading began that this run completes: a sweep's, where the run goes on with one."""
        return self.sweep.run.started_at if self.sweep else self.run.started_at

    @contextmanager
    def transaction(self, before: Callable[[], object] | None = None) -> Iterator[datetime]:
        """One transaction at one moment, while the lease is ours. Raises LostLease.

        Merging takes turns over all workers: two that write the same resources cannot lock each other out.
        before: what the transaction does while it has no turn yet.
        """
        with transaction.atomic():
            if before is not None:
                before()
            turns.take()
            self.lease.check()
            yield clock.now()

    def merge(
        self,
        rows: Sequence[Row],
        made: Made | None = None,
        *,
        cursor: datetime | None = None,
        reached: Reached | None = None,
        before: Callable[[], object] | None = None,
    ) -> int:
        """Merge rows and move the cursor (never back) in one transaction; returns how many findings are new.

        made: of the findings among the rows. reached: how far the sweep is with them. before: see transaction. Raises
        LostLease; HandOver, after they are merged, where the run has lasted long enough.
        """
        with self.transaction(before) as at:
            found = (row for row in rows if isinstance(row, StagedFinding))
            merged = stage_and_merge(
                self.connection, found, at=at, sweep=self.sweep, read_from=self._read_from, made=made
            )
            rejected = [row for row in rows if isinstance(row, Rejected)]
            self._set_aside |= setting_aside.keep(rejected, at=at, by=self.scope)
            if cursor is not None:
                self.lease.rows().filter(Q(cursor=None) | Q(cursor__lt=cursor)).update(cursor=cursor)
            run = self.run
            run.read, run.added = run.read + merged.read, run.added + merged.added
            run.changed, run.set_aside = run.changed + merged.changed, len(self._set_aside)
            if reached is not None:
                run.reached = reached.mark
            self.keep_counts()
            posture.refresh(merged.touched)
            if merged.added >= MANY and not self._statistics:
                refresh_statistics()
                self._statistics = True
        self.tell(f"{self.scope}: {run.read:,} read")
        if reached is not None:
            self.progress(reached.share)
            if time.monotonic() - self._began > 60 * settings.SYNC_RUN_MINUTES:
                raise HandOver
        return merged.added

    def tell_resources(self, made: Made) -> None:
        """Ahead of a merge: add resources that nobody knows while another window is merged. Raises LostLease.

        That other transaction holds the lease's row, so this one looks only whether the lease is ours. Nobody else
        says anything of these resources that could be lost.
        """
        with transaction.atomic():
            tell_resources(made)
            if not self.lease.rows().exists():
                raise LostLease

    def finish(self, rows: Sequence[Row] = ()) -> None:
        """Merge the last rows, end what a sweep did not see, and move the cursor to where the reading began."""
        self.merge(rows)
        if self.sweep is not None:
            vanished = self.sweep.vanished(force=self.force)
            for begin in range(0, len(vanished), CHUNK):
                some = vanished[begin : begin + CHUNK]
                with self.transaction() as at:
                    touched = self.sweep.end(some, at=at)
                    self.run.gone += len(some)
                    self.keep_counts()
                    posture.refresh(touched)
        if self.run.kind == SyncRun.Kind.SWEEP:
            self._follow_owners()
        with self.lease.held():
            self.lease.rows().filter(Q(cursor=None) | Q(cursor__lt=self.since)).update(cursor=self.since)
        if self.sweep is not None:
            self.sweep.forget()

    def _follow_owners(self) -> None:
        """Apply the ownership rules to what was merely confirmed too, an account at a time."""
        for account in Resource.objects.order_by("account").values_list("account", flat=True).distinct():
            with self.transaction() as at:
                posture.refresh(reassign_solutions(at=at, accounts=[account]))

    def keep_counts(self) -> None:
        """Write what the run has counted so far, in the caller's transaction."""
        run, asker = self.run, self.asker
        run.calls, run.throttles, run.waited = asker.calls, asker.throttles, asker.waited
        grown = len(asker.request_ids) != len(run.request_ids)
        if grown:
            run.request_ids = list(asker.request_ids)
        run.save(update_fields=[*COUNTED, "request_ids"] if grown else COUNTED)

    def progress(self, share: float) -> None:
        """How much of the reading is done, from 0 to 1, for whoever waits for the job."""
        points = int(share * POINTS)
        if self.run.job_id is not None and points > self._points:
            waiting = Job.objects.filter(pk=self.run.job_id).unfinished()
            waiting.update(done=F("done") + points - self._points)
            self._points = points

    def tell(self, step: str) -> None:
        """Let whoever waits for the job know how far it is."""
        if self.run.job_id is not None:
            Job.objects.filter(pk=self.run.job_id).unfinished().update(step=step[:300])


def latest_evaluations(reading: Reading) -> dict[Place, datetime]:
    """The latest evaluation that checks of the scope's source tell of, by place. Threats are no evaluations."""
    found = Finding.objects.filter(connection=reading.connection, source=reading.scope.source, gone_at=None)
    if reading.scope.source == Source.SECURITY_HUB:
        found = found.filter(product_arn__endswith=CONTROL_PRODUCT)
    rows = found.values_list("account", "region").annotate(latest=Max("evaluated_at")).order_by()
    return {(account, region): latest for account, region, latest in rows if latest is not None}

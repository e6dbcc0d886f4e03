"""One reading of one scope by one worker: its lease and fence, its transactions, its counts.

Nothing is held while AWS is asked. A worker that lost its lease finds another fence in the
final transaction of whatever it does, and what it wanted to write is not written.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db import connection as database
from django.db import transaction
from django.db.models import F, Max, Q

from audit import clock
from desk.models import Job
from findings import posture
from findings.connectors.asff import CONTROL_PRODUCT, Rejected
from findings.merge import Sweep, reassign_solutions, refresh_statistics, stage_and_merge
from findings.models import Connection, Finding, Scope, SetAside, Source, SyncRun
from findings.models.coverage import ScopeQuerySet
from findings.staging import StagedFinding

LEASE = timedelta(seconds=120)
Row = StagedFinding | Rejected
HEARTBEAT = 15.0
"""Seconds between two renewals of the lease."""
PARALLEL = 8
"""Calls to AWS that one reading has under way at the same time, at most."""
Place = tuple[str, str]
"""Account and region."""
MANY = 1_000
"""New findings in one transaction after which the planner is told: a first load meets plans for empty tables."""
POINTS = 100
"""What one reading counts in the progress of a job."""
CHUNK = 10_000
"""Rows that one transaction merges at most."""

Thing = TypeVar("Thing")


class LostLease(Exception):
    """Another worker has taken the scope over."""


@dataclass
class Reading:
    """scope and run as they were claimed. remarks: what could not be answered beside the reading itself."""

    scope: Scope
    run: SyncRun
    sweep: Sweep | None = None
    remarks: list[str] = field(default_factory=list)
    force: bool = False
    _points: int = 0
    _statistics: bool = False
    _alive_at: float = field(default_factory=time.monotonic)
    _set_aside: set[UUID] = field(default_factory=set)

    @property
    def connection(self) -> Connection:
        return self.scope.connection

    def heartbeat(self) -> None:
        """Renew the lease, if it is time. Raises LostLease."""
        if time.monotonic() - self._alive_at < HEARTBEAT:
            return
        self._alive_at = time.monotonic()
        if not self._held().update(lease_until=clock.now() + LEASE):
            raise LostLease

    def _held(self) -> ScopeQuerySet:
        return Scope.objects.filter(pk=self.scope.pk, fence=self.run.fence)

    @contextmanager
    def transaction(self) -> Iterator[datetime]:
        """One transaction at one moment, while the lease is ours. Raises LostLease.

        Merging takes turns over all workers: two that write the same resources cannot lock each other out.
        """
        with transaction.atomic():
            with database.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext('findings_merge'))")
            if not self._held().select_for_update().exists():
                raise LostLease
            yield clock.now()

    def alive(self, rows: Iterable[Thing]) -> Iterator[Thing]:
        """The same rows, with a heartbeat between them."""
        for row in rows:
            self.heartbeat()
            yield row

    def merge(self, rows: Sequence[Row], *, cursor: datetime | None = None, finish: bool = False) -> None:
        """Merge rows and move the cursor (never back) in one transaction; `finish` ends what a sweep did not see."""
        with self.transaction() as at:
            merged = stage_and_merge(
                self.connection,
                (row for row in rows if isinstance(row, StagedFinding)),
                at=at,
                sweep=self.sweep,
            )
            self._keep_rejected([row for row in rows if isinstance(row, Rejected)], at=at)
            gone = 0
            if finish and self.sweep is not None:
                gone = self.sweep.finish(at=at, force=self.force)
                merged.touched |= self.sweep.touched | reassign_solutions(at=at)
            if cursor is not None:
                self._held().filter(Q(cursor=None) | Q(cursor__lt=cursor)).update(cursor=cursor)
            run = self.run
            run.read, run.added = run.read + merged.read, run.added + merged.added
            run.changed, run.gone = run.changed + merged.changed, run.gone + gone
            run.set_aside = len(self._set_aside)
            run.save(update_fields=["read", "added", "changed", "gone", "set_aside"])
            posture.refresh(merged.touched)
            if merged.added >= MANY and not self._statistics:
                refresh_statistics()
                self._statistics = True
        self.tell(f"{self.scope}: {run.read:,} read")

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

    def _keep_rejected(self, rows: Iterable[Rejected], *, at: datetime) -> None:
        kept = {}
        for row in rows:
            digest = UUID(bytes=hashlib.blake2b(row.body, digest_size=16).digest())
            self._set_aside.add(digest)
            kept[digest] = SetAside(
                scope=self.scope,
                native_id=row.native_id.replace("\x00", ""),
                reason=row.reason[:500],
                excerpt=row.body[:4000].decode(errors="replace").replace("\x00", ""),
                digest=digest,
                first_at=at,
                last_at=at,
            )
        SetAside.objects.bulk_create(
            kept.values(),
            update_conflicts=True,
            unique_fields=["scope", "digest"],
            update_fields=["last_at", "reason"],
        )


def claim(scope_id: int, kind: SyncRun.Kind | None, job_id: int | None) -> Reading | None:
    """Take the scope's lease; None where it is another worker's, or nobody's to read.

    kind None: what the scope needs. A run that was left behind is closed as failed, and its job
    taken over. The first reading of a scope is a sweep, whatever was asked for.
    """
    with transaction.atomic():
        at = clock.now()
        free = Q(lease_until=None) | Q(lease_until__lt=at)
        scope = (
            Scope.objects.filter(free, pk=scope_id, retired_at=None, read_through=None)
            .select_for_update(skip_locked=True)
            .first()
        )
        if scope is None:
            return None
        left = SyncRun.objects.filter(scope=scope, state=SyncRun.State.RUNNING)
        if job_id is None:
            job_id = left.filter(job__finished_at=None).values_list("job", flat=True).first()
        left.update(state=SyncRun.State.FAILED, finished_at=at, error="The worker stopped before it had finished.")
        scope.fence += 1
        scope.lease_until = at + LEASE
        scope.save(update_fields=["fence", "lease_until"])
        run = SyncRun.objects.create(
            scope=scope, job_id=job_id, kind=_kind(scope, kind), fence=scope.fence, started_at=at
        )
    sweep = Sweep(run) if run.kind == SyncRun.Kind.SWEEP else None
    return Reading(scope, run, sweep)


def _kind(scope: Scope, wanted: SyncRun.Kind | None) -> SyncRun.Kind:
    """A first load that stopped goes on from its cursor before it begins again as a sweep."""
    if wanted == SyncRun.Kind.LOAD:
        return wanted
    if scope.cursor is None:
        return SyncRun.Kind.SWEEP
    if wanted is not None:
        return wanted
    loaded = scope.runs.filter(state=SyncRun.State.DONE).exists()
    return SyncRun.Kind.SWEEP if scope.sweep_due and loaded else SyncRun.Kind.INCREMENTAL


def release(reading: Reading, *, due_at: datetime | None, **changes: object) -> None:
    """Give the lease back, in the caller's transaction, and say when the scope is due again."""
    Scope.objects.filter(pk=reading.scope.pk, fence=reading.run.fence).update(
        lease_until=None, due_at=due_at, **changes
    )


def in_chunks(rows: Iterable[Row], merge: Callable[[list[Row]], None], *, size: int = CHUNK) -> list[Row]:
    """Hand over full chunks as they fill up; returns the rest."""
    waiting: list[Row] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) >= size:
            merge(waiting)
            waiting = []
    return waiting


def latest_evaluations(reading: Reading) -> dict[Place, datetime]:
    """The latest evaluation that checks of the scope's source tell of, by place. Threats are no evaluations."""
    found = Finding.objects.filter(connection=reading.connection, source=reading.scope.source, gone_at=None)
    if reading.scope.source == Source.SECURITY_HUB:
        found = found.filter(product_arn__endswith=CONTROL_PRODUCT)
    rows = found.values_list("account", "region").annotate(latest=Max("evaluated_at")).order_by()
    return {(account, region): latest for account, region, latest in rows if latest is not None}

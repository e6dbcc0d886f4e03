"""One worker at a time for a scope: a lease for a while, and a fence that every transaction checks.

Leases run by the database's own clock. Workers' clocks may differ, and a demo's clock may travel:
neither ends a lease before its time or prolongs it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, transaction
from django.db import connection as database
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from audit import clock
from findings.models import Scope, SweepSeen, SyncRun
from findings.models.coverage import ScopeQuerySet

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=50)
"""With beat's look every 10 seconds, what a crashed worker left is taken over within a minute."""
RENEW_EVERY = 10.0
"""Seconds."""
SWEEP_LASTS = timedelta(hours=24)
"""How old a sweep that stopped may be to go on instead of beginning again."""


class LostLease(Exception):
    """Another worker has taken the scope over."""


@dataclass(frozen=True)
class Lease:
    """fence: the number under which the scope was taken; who takes it next has a higher one."""

    scope_id: int
    fence: int

    def rows(self) -> ScopeQuerySet:
        """The scope, as long as it is ours."""
        return Scope.objects.filter(pk=self.scope_id, fence=self.fence)

    @contextmanager
    def held(self) -> Iterator[datetime]:
        """One transaction at one moment, while the lease is ours. Raises LostLease."""
        with transaction.atomic():
            self.check()
            yield clock.now()

    def check(self) -> None:
        """Hold the scope's row until the caller's transaction ends. Raises LostLease."""
        if not self.rows().select_for_update().exists():
            raise LostLease

    @contextmanager
    def renewed(self, *, minutes: float) -> Iterator[None]:
        """Renewed in the background until the block ends, however long AWS or a merge takes.

        But not for ever: whoever has not ended after so many minutes hangs, and loses the scope.
        """
        ended = threading.Event()
        times = int(60 * minutes / RENEW_EVERY)

        def renew() -> None:
            try:
                for _ in range(times):
                    if ended.wait(RENEW_EVERY):
                        return
                    self._renew()
            finally:
                database.close()

        thread = threading.Thread(target=renew, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _renew(self) -> None:
        """A lease that was given back meanwhile stays so: nobody would wait for its end."""
        try:
            self.rows().exclude(lease_until=None).update(lease_until=Now() + LEASE)
        except DatabaseError as error:
            log.warning("lease.not_renewed", error=type(error).__name__)
            database.close()

    def release(self, *, due_at: datetime | None, **changes: object) -> None:
        """Give the lease back, in the caller's transaction, and say when the scope is due again."""
        self.rows().update(lease_until=None, due_at=due_at, **changes)


def claim(scope_id: int, kind: SyncRun.Kind | None, job_id: int | None) -> SyncRun | None:
    """Take the scope's lease and begin a run; None where it is another worker's, or nobody's to read.

    kind None: what the scope needs. Where the run before stopped half-way, this one goes on with its job and
    its sweep. The first reading of a scope is a sweep, whatever was asked for.
    """
    with transaction.atomic():
        free = Q(lease_until=None) | Q(lease_until__lt=Now())
        scope = (
            Scope.objects.filter(free, pk=scope_id, retired_at=None, read_through=None)
            .select_related("connection")
            .select_for_update(of=("self",), skip_locked=True)
            .first()
        )
        if scope is None:
            return None
        at = clock.now()
        before = _closed(scope, at=at)
        unfinished = before if before and before.state == SyncRun.State.LEFT else None
        if job_id is None and unfinished and unfinished.job and not unfinished.job.is_finished:
            job_id = unfinished.job_id
        sweep = None if kind == SyncRun.Kind.LOAD else _sweep_to_go_on_with(unfinished, at=at)
        kind = SyncRun.Kind.SWEEP if sweep else _kind(scope, kind)
        if kind == SyncRun.Kind.SWEEP and sweep is None:
            SweepSeen.objects.filter(run__scope=scope).delete()
        scope.fence += 1
        Scope.objects.filter(pk=scope.pk).update(fence=scope.fence, lease_until=Now() + LEASE)
        return SyncRun.objects.create(
            scope=scope,
            job_id=job_id,
            kind=kind,
            fence=scope.fence,
            started_at=at,
            sweep=sweep,
            reached=unfinished.reached if sweep and unfinished else "",
        )


def _closed(scope: Scope, *, at: datetime) -> SyncRun | None:
    """The latest run of the scope, closed where its worker did not close it."""
    latest = scope.runs.select_related("job", "sweep").order_by("-id").first()
    if latest is not None and latest.state == SyncRun.State.RUNNING:
        goes_on = latest.kind != SyncRun.Kind.LOAD
        state = SyncRun.State.LEFT if goes_on else SyncRun.State.FAILED
        latest.close(state, _("The worker stopped before it had finished."), at=at)
    return latest


def _sweep_to_go_on_with(unfinished: SyncRun | None, *, at: datetime) -> SyncRun | None:
    """The run that began the sweep which stopped half-way; None where there is none, or none worth going on with."""
    if unfinished is None or unfinished.kind != SyncRun.Kind.SWEEP or not unfinished.reached:
        return None
    begun = unfinished.sweep or unfinished
    return begun if at - begun.started_at < SWEEP_LASTS else None


def _kind(scope: Scope, wanted: SyncRun.Kind | None) -> SyncRun.Kind:
    """A first load that failed goes on from its cursor before it begins again as a sweep."""
    if wanted == SyncRun.Kind.LOAD:
        return wanted
    if scope.cursor is None:
        return SyncRun.Kind.SWEEP
    if wanted is not None:
        return wanted
    loaded = scope.runs.filter(state=SyncRun.State.DONE).exists()
    return SyncRun.Kind.SWEEP if scope.sweep_due and loaded else SyncRun.Kind.INCREMENTAL

"""run(scope): claim, read, merge window by window, judge coverage. Run again, it changes nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from audit import clock
from findings import aws, coverage, posture, read_config, read_security_hub
from findings.aws_errors import Unreadable, unreadable
from findings.config_places import Outcome
from findings.merge import TooManyVanished, refresh_statistics
from findings.models import CoverageState, Source, SyncRun
from findings.reading import LostLease, Reading, claim, release
from findings.sync_jobs import scope_done

log = structlog.get_logger(__name__)


def run(
    scope_id: int, kind: SyncRun.Kind | None = None, job_id: int | None = None, *, force: bool = False
) -> SyncRun | None:
    """Read one scope. Returns the run, however it ended; None where another worker has the scope.

    kind None: a sweep where one is due, else what changed. force: however much has vanished, end it.
    """
    reading = claim(scope_id, kind, job_id)
    if reading is None:
        return None
    reading.force = force
    with structlog.contextvars.bound_contextvars(scope=reading.scope.public_id, run=reading.run.public_id):
        try:
            _begin(reading)
            outcome = _read(reading)
            _succeed(reading, outcome)
        except LostLease:
            _close(reading.run, SyncRun.State.FAILED, "Another worker took the scope over.")
        except Exception as error:
            _fail(reading, error)
    if reading.run.job_id is not None:
        reading.progress(1)
        scope_done(reading.run.job_id, reading.run)
    return reading.run


def _begin(reading: Reading) -> None:
    with transaction.atomic():
        coverage.begun(reading.scope, at=clock.now())
    reading.tell(f"{reading.scope}: asking AWS")
    reading.run.caller = aws.caller(reading.connection, reading.scope.account)[:256]
    reading.run.save(update_fields=["caller"])


def _read(reading: Reading) -> Outcome:
    if reading.scope.source == Source.SECURITY_HUB:
        return Outcome(evaluated=read_security_hub.read(reading))
    return read_config.read(reading)


def _succeed(reading: Reading, outcome: Outcome) -> None:
    is_sweep = reading.run.kind == SyncRun.Kind.SWEEP
    with reading.transaction() as at:
        coverage.read(reading.scope, outcome.evaluated, at=at, not_read=outcome.not_read)
        reading.scope.refresh_from_db(fields=["swept_at", "sweep_due"])
        unswept = reading.scope.sweep_due and not is_sweep
        release(
            reading,
            due_at=at if unswept and reading.scope.swept_at is None else _next(at),
            **({"swept_at": at, "sweep_due": False} if is_sweep else {}),
        )
        posture.snapshot_day(at)
        if is_sweep:
            refresh_statistics()
        _close(reading.run, SyncRun.State.DONE, " ".join(reading.remarks))
    log.info("sync.done", read=reading.run.read, added=reading.run.added, changed=reading.run.changed)


def _fail(reading: Reading, error: Exception) -> None:
    """What was read before stays; the state says why it is not current."""
    if isinstance(error, TooManyVanished):
        why = Unreadable(
            CoverageState.FAILED,
            f"{error}. Where that is right, `manage.py sync --full --inline --force` ends them.",
        )
    else:
        why = unreadable(error)
    log.warning("sync.failed", why=why.words, state=why.state, exc_info=error)
    with transaction.atomic():
        at = clock.now()
        if reading.sweep is not None:
            reading.sweep.forget()
        coverage.not_read(reading.scope, why, at=at)
        release(reading, due_at=_next(at))
        _close(reading.run, SyncRun.State.FAILED, why.words)


def _next(at: datetime) -> datetime:
    return at + timedelta(minutes=settings.SYNC_EVERY_MINUTES)


def _close(run: SyncRun, state: SyncRun.State, error: str) -> None:
    run.state, run.finished_at, run.error = state, clock.now(), error[:1000]
    run.save(update_fields=["state", "finished_at", "error"])

"""run(scope): claim, read, merge window by window, judge coverage. Run again, it changes nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from audit import clock
from findings import aws, copies, coverage, posture, rates, read_config, read_security_hub
from findings.aws_errors import Unreadable, unreadable
from findings.config_places import Outcome
from findings.leases import LostLease, claim
from findings.merge import TooManyVanished, refresh_statistics
from findings.models import CoverageState, Scope, Source, SyncRun
from findings.rates import TooLong
from findings.reading import HandOver, Reading
from findings.sync_jobs import scope_done

log = structlog.get_logger(__name__)


def run(
    scope_id: int, kind: SyncRun.Kind | None = None, job_id: int | None = None, *, force: bool = False
) -> SyncRun | None:
    """Read one scope. Returns the run, however it ended; None where another worker has the scope.

    kind None: a sweep where one is due, else what changed. force: however much has vanished, end it.
    A run that is LEFT has kept what it read; the scope is due again.
    """
    run = claim(scope_id, kind, job_id)
    if run is None:
        return None
    reading = Reading.of(run, force=force)
    with (
        clock.correctable(),
        structlog.contextvars.bound_contextvars(scope=reading.scope.public_id, run=run.public_id),
        rates.asking(reading.asker),
        reading.lease.renewed(minutes=2 * settings.SYNC_RUN_MINUTES),
    ):
        try:
            _read_and_close(reading)
        except LostLease:
            log.warning("sync.lost_lease")
            run.refresh_from_db()
            return run
    if run.job_id is not None and run.state != SyncRun.State.LEFT:
        reading.progress(1)
        scope_done(run.job_id, run)
    return run


def _read_and_close(reading: Reading) -> None:
    """Raises LostLease."""
    told = copies.places_of_config(reading.connection)
    try:
        _begin(reading)
        outcome = _read(reading)
        _succeed(reading, outcome)
    except LostLease:
        raise
    except HandOver:
        _hand_over(reading, _("The run had lasted long enough."), wait=timedelta())
    except TooLong as error:
        _hand_over(reading, f"AWS's rates: {error}.", wait=timedelta(seconds=error.seconds))
    except Exception as error:
        _fail(reading, error)
    copies.follow_config(reading.connection, read_with=told)


def seconds_until_due(scope_id: int) -> float:
    due_at = Scope.objects.get(pk=scope_id).due_at
    return max(0.0, (due_at - clock.now()).total_seconds()) if due_at else 0.0


def _begin(reading: Reading) -> None:
    """Ask AWS who we are, and what time it is: the cursor must not pass AWS's clock, however wrong this worker's is."""
    run = reading.run
    reading.tell(_("%(scope)s: asking AWS") % {"scope": reading.scope})
    run.caller = aws.caller(reading.connection, reading.scope.account)[:256]
    run.started_at = clock.corrected(run.started_at)
    with reading.lease.held() as at:
        run.save(update_fields=["caller", "started_at"])
        coverage.begun(reading.scope, at=at)


def _read(reading: Reading) -> Outcome:
    if reading.scope.source == Source.SECURITY_HUB:
        return Outcome(evaluated=read_security_hub.read(reading))
    return read_config.read(reading)


def _succeed(reading: Reading, outcome: Outcome) -> None:
    is_sweep = reading.run.kind == SyncRun.Kind.SWEEP
    if is_sweep:
        with transaction.atomic():
            refresh_statistics()
    with reading.lease.held() as at:
        coverage.read(reading.scope, outcome.evaluated, at=at, not_read=outcome.not_read)
        reading.scope.refresh_from_db(fields=["swept_at", "sweep_due"])
        unswept = reading.scope.sweep_due and not is_sweep
        reading.lease.release(
            due_at=at if unswept and reading.scope.swept_at is None else _next(at),
            **({"swept_at": at, "sweep_due": False} if is_sweep else {}),
        )
        posture.snapshot_day(at)
        _close(reading, SyncRun.State.DONE, " ".join(reading.remarks), at=at)
    run = reading.run
    log.info("sync.done", read=run.read, added=run.added, changed=run.changed, calls=run.calls, waited=run.waited)


def _hand_over(reading: Reading, why: str, *, wait: timedelta) -> None:
    """What was merged stays; the next run goes on from there."""
    with reading.lease.held() as at:
        reading.lease.release(due_at=at + wait)
        _close(reading, SyncRun.State.LEFT, why, at=at)
    log.info("sync.handed_over", why=why)


def _fail(reading: Reading, error: Exception) -> None:
    """What was read before stays; the state says why it is not current."""
    if isinstance(error, TooManyVanished):
        why = Unreadable(
            CoverageState.FAILED,
            _("%(error)s. Where that is right, `manage.py sync --full --inline --force` ends them.") % {"error": error},
        )
    else:
        why = unreadable(error)
    log.warning("sync.failed", why=why.words, state=why.state, exc_info=error)
    with reading.lease.held() as at:
        if reading.sweep is not None:
            reading.sweep.forget()
        coverage.not_read(reading.scope, why, at=at)
        reading.lease.release(due_at=_next(at))
        _close(reading, SyncRun.State.FAILED, why.words, at=at)


def _next(at: datetime) -> datetime:
    return at + timedelta(minutes=settings.SYNC_EVERY_MINUTES)


def _close(reading: Reading, state: SyncRun.State, error: str, *, at: datetime) -> None:
    reading.keep_counts()
    reading.run.close(state, error, at=at)

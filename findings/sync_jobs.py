"""A sync that somebody waits for: one job over all the scopes of some connections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from audit import clock
from desk.models import Job
from findings import coverage, discovery
from findings.aws_errors import unreadable
from findings.models import Connection, Scope, SyncRun
from findings.rates import TooLong
from findings.reading import POINTS
from organisation.models import User

KINDS = {False: "sync", True: "sync.full"}
LONGEST_WAIT = timedelta(minutes=5)
"""A job none of whose scopes has moved for this long is handed to the workers again."""


def requested(connections: Sequence[Connection], *, full: bool, by: User | None = None) -> Job:
    """A job that reads these connections; somebody has to begin it."""
    names = ", ".join(connection.name for connection in connections)
    said = _("Read %(names)s from AWS in full") if full else _("Read %(names)s from AWS")
    return Job.objects.create(
        kind=KINDS[full],
        subject=",".join(connection.public_id for connection in connections)[:80],
        title=(said % {"names": names})[:200],
        requested_by=by,
        requested_at=clock.now(),
    )


def connections_of(job: Job) -> list[Connection]:
    keys = [Connection.key_of(public_id) for public_id in job.subject.split(",")]
    return list(Connection.objects.filter(pk__in=keys))


def kind_of(job: Job) -> SyncRun.Kind:
    return SyncRun.Kind.SWEEP if job.kind == KINDS[True] else SyncRun.Kind.INCREMENTAL


@clock.correctable()
def begin(job: Job) -> list[Scope]:
    """Discover what is due to be discovered; returns the scopes to read, which the job now counts."""
    full, unanswered = job.kind == KINDS[True], []
    for connection in connections_of(job):
        if full or discovery.due(connection, at=clock.now()):
            job.begin(total=0, step=_("%(connection)s: looking for accounts and regions") % {"connection": connection})
            try:
                discovery.discover(connection)
            except (*discovery.TROUBLES, TooLong) as error:
                unanswered.append(f"{connection}: {unreadable(error).words}")
    scopes = scopes_of(job)
    if unanswered and not scopes:
        job.begin(total=0, step="")
        job.finish(Job.State.FAILED, step=" ".join(unanswered))
        return []
    job.begin(total=len(scopes) * POINTS, step=_("Waiting for a worker"))
    return scopes


def scopes_of(job: Job) -> list[Scope]:
    """The scopes that are read directly, of the job's connections.

    Security Hub's come first: its controls say how severe it is what Config finds.
    """
    rows = Scope.objects.read_directly().filter(connection__in=connections_of(job), retired_at=None)
    return list(rows.order_by("-source", "account", "region"))


def unread(job: Job) -> list[Scope]:
    """The job's scopes that no run of it has finished yet."""
    unfinished = [SyncRun.State.RUNNING, SyncRun.State.LEFT]
    finished = SyncRun.objects.filter(job=job).exclude(state__in=unfinished)
    done = set(finished.values_list("scope", flat=True))
    return [scope for scope in scopes_of(job) if scope.pk not in done]


@transaction.atomic
def scope_done(job_id: int, run: SyncRun) -> None:
    """A run of the job has ended; the last one ends the job."""
    job = Job.objects.select_for_update().get(pk=job_id)
    job.advance(
        step=_("%(scope)s: %(state)s, %(n)s read")
        % {"scope": run.scope, "state": run.get_state_display(), "n": f"{run.read:,}"},
        by=0,
    )
    if not unread(job):
        conclude(job)


def conclude(job: Job) -> None:
    """End the job and name what could not be read."""
    gaps = in_trouble(connections_of(job))
    failed = SyncRun.objects.filter(job=job, state=SyncRun.State.FAILED).values_list("scope", flat=True)
    state = Job.State.DONE
    if gaps:
        nothing = set(failed) >= {scope.pk for scope in scopes_of(job)}
        state = Job.State.FAILED if nothing else Job.State.PARTLY
    names = "; ".join(f"{scope}: {scope.get_state_display()}" for scope in gaps)
    job.finish(state, step=_("Could not be read: %(names)s") % {"names": names} if gaps else _("Everything was read"))


def in_trouble(connections: Sequence[Connection]) -> list[Scope]:
    """Places in use that could not be read: denied, failed or never reached. Where a service is off is none."""
    rows = Scope.objects.filter(connection__in=connections, retired_at=None, state__in=coverage.UNREAD)
    return list(rows.order_by("account", "region", "source"))


def still_wanted(job_id: int, scope_id: int) -> bool:
    """Whether the job still waits for this scope."""
    job = Job.objects.filter(pk=job_id).unfinished().first()
    return job is not None and scope_id in {scope.pk for scope in unread(job)}


def forgotten(*, at: datetime) -> list[Job]:
    """Unfinished jobs of ours that no worker has run anything of lately: their tasks were lost."""
    jobs = Job.objects.unfinished().filter(kind__in=KINDS.values(), requested_at__lt=at - LONGEST_WAIT)
    recent = SyncRun.objects.filter(job__in=jobs, started_at__gte=at - LONGEST_WAIT)
    running = SyncRun.objects.filter(job__in=jobs, state=SyncRun.State.RUNNING)
    return list(jobs.exclude(pk__in=recent.values("job")).exclude(pk__in=running.values("job")))

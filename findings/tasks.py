"""Celery's door to the sync. The database row is the work: a task may be lost, or come twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import Task, shared_task
from django.core.cache import cache
from django.db import transaction

from audit import clock
from desk.models import Job
from findings import connection_tests, coverage, discovery, exporting, load_jobs, posture, sync, sync_jobs, write_back
from findings.merge import reassign_solutions
from findings.models import Connection, Scope, SyncRun

BUSY_AGAIN_AFTER = 2
"""Seconds until a job asks again for a scope that another worker reads."""
HINT_LASTS = timedelta(minutes=5)
"""How long a due scope is not hinted at again, so that a busy queue does not fill with the same."""

REASSIGN_AFTER = 2
"""Seconds in which changes of ownership rules are gathered."""


@shared_task
def begin_sync(job_id: int) -> None:
    """Discover, then hand out the scopes of a job."""
    job = Job.objects.get(pk=job_id)
    for scope in sync_jobs.begin(job):
        sync_scope.delay(scope.pk, sync_jobs.kind_of(job), job_id)


@shared_task(bind=True, max_retries=None)
def sync_scope(self: Task[Any, None], scope_id: int, kind: str | None = None, job_id: int | None = None) -> None:
    """Read one scope. Come back where the run was left half-way; for a job, while another worker has the scope."""
    run = sync.run(scope_id, SyncRun.Kind(kind) if kind else None, job_id)
    if run is None and job_id is not None and sync_jobs.still_wanted(job_id, scope_id):
        raise self.retry(countdown=BUSY_AGAIN_AFTER)
    if run is not None and run.state == SyncRun.State.LEFT:
        sync_scope.apply_async((scope_id, kind, job_id), countdown=sync.seconds_until_due(scope_id))


@shared_task
def discover(connection_id: int) -> None:
    discovery.discover(Connection.objects.get(pk=connection_id))


@shared_task
def test_connection(job_id: int) -> None:
    connection_tests.run(job_id)


@shared_task
def sync_due() -> None:
    """Beat's fan-out: scopes that are due or left behind, connections to discover anew, jobs that nobody works at."""
    at = clock.now()
    coverage.grow_old(at=at)
    with transaction.atomic():
        due = list(Scope.objects.due(at).select_for_update(of=("self",), skip_locked=True))
        Scope.objects.filter(pk__in=[scope.pk for scope in due]).update(due_at=at + HINT_LASTS, lease_until=None)
    for scope in due:
        sync_scope.delay(scope.pk)
    for connection in Connection.objects.filter(enabled=True):
        if discovery.due(connection, at=at):
            discover.delay(connection.pk)
    for job in sync_jobs.forgotten(at=at):
        begin_sync.delay(job.pk)


def reassign(solution: int) -> None:
    """The rules of a solution changed: let a worker move what they move, once for changes close together.

    Where Redis forgets the hint, the next complete sweep moves it.
    """
    if cache.add("findings.reassign", solution, REASSIGN_AFTER):
        reassign_resources.apply_async(countdown=REASSIGN_AFTER)


@shared_task
def reassign_resources() -> None:
    """Apply the ownership rules in force to every resource, and count the postures that this moves anew."""
    with transaction.atomic():
        posture.refresh(reassign_solutions(at=clock.now()))


@shared_task
def sweep_nightly() -> None:
    """Every scope is due for a complete sweep."""
    in_use = Scope.objects.read_directly().filter(retired_at=None, connection__enabled=True)
    with transaction.atomic():
        Scope.objects.filter(pk__in=[scope.pk for scope in in_use.locked()]).update(sweep_due=True, due_at=clock.now())


@shared_task
def tell_workflow(connection_id: int) -> None:
    """Tell a connection's Security Hub what it waits to be told of the workflow of findings."""
    write_back.carry_out(connection_id)


@shared_task
def look_after_workflow() -> None:
    """Hand out what waits to be told, or to be told again."""
    for connection_id in write_back.connections_due(at=clock.now()):
        tell_workflow.delay(connection_id)


@shared_task
def make_export(export_id: int) -> None:
    exporting.run(export_id)


@shared_task
def look_after_exports() -> None:
    """Remove files whose time is over; hand out again what no worker makes."""
    for export_id in exporting.forget_old():
        make_export.delay(export_id)


@shared_task
def load_findings(job_id: int) -> None:
    """Load a file that was brought, then hand out the next one: one at a time is loaded."""
    if load_jobs.run(job_id):
        for following in load_jobs.waiting()[:1]:
            load_findings.delay(following)


@shared_task
def look_after_loads() -> None:
    """Remove files that nobody will load any more; hand out again what no worker has ended."""
    load_jobs.forget_files()
    for job_id in load_jobs.forgotten():
        load_findings.delay(job_id)

"""Connections as people add, change and read them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils.translation import gettext as _

from audit import clock, trail
from desk.models import Job
from findings import connection_tests, sync_jobs
from findings.coverage_figures import CoverageFigures
from findings.discovery import REPORT
from findings.models import Connection, CoverageState, Scope, SetAside, SyncRun
from findings.tasks import begin_sync, test_connection
from organisation.models import User

CHANGEABLE = ("name", "hub_account", "home_region", "hub_role", "member_role", "write_role", "queue_name", "enabled")


@transaction.atomic
def add(connection: Connection, *, by: User) -> Connection:
    """Keep a connection that a form has checked."""
    connection.created_at = clock.now()
    connection.save()
    place = {"hub_account": connection.hub_account, "home_region": connection.home_region}
    trail.record(by, "connection.added", connection, **place)
    return connection


@transaction.atomic
def change(connection: Connection, *, read: int, by: User) -> None:
    """Keep what a form has changed. Raises StaleRow where somebody else did so since version `read`."""
    before = Connection.objects.get(pk=connection.pk)
    changed = {
        name: [getattr(before, name), getattr(connection, name)]
        for name in CHANGEABLE
        if getattr(before, name) != getattr(connection, name)
    }
    connection.save_version(read=read)
    trail.record(by, "connection.changed", connection, changed=changed)


@transaction.atomic
def sync_now(connection: Connection, *, full: bool, by: User) -> tuple[Job, bool]:
    """A job that reads the connection, and whether it is a new one: one at a time is enough.

    A lost message does no harm: beat finds jobs that nobody works at.
    """
    Connection.objects.select_for_update().get(pk=connection.pk)
    running = jobs_of(connection).unfinished().first()
    if running is not None:
        return running, False
    job = sync_jobs.requested([connection], full=full, by=by)
    trail.record(by, "connection.sync_requested", connection, job=job.public_id, full=full)
    transaction.on_commit(lambda: begin_sync.delay(job.pk), robust=True)
    return job, True


@transaction.atomic
def test_now(connection: Connection, *, by: User) -> Job:
    """A job that tests the connection live; the one under way where there is one."""
    job, is_new = connection_tests.requested(connection, by=by)
    if is_new:
        transaction.on_commit(lambda: test_connection.delay(job.pk), robust=True)
    return job


def jobs_of(connection: Connection) -> Any:
    """Readings of this connection, latest first."""
    kinds = list(sync_jobs.KINDS.values())
    return Job.objects.filter(subject=connection.public_id, kind__in=kinds).select_related("requested_by")


@dataclass(frozen=True)
class Listed:
    """A connection in the list: what is covered, and when something was last read without an error."""

    connection: Connection
    coverage: CoverageFigures
    read_at: datetime | None
    accounts: int


def listed(connections: Iterable[Connection]) -> list[Listed]:
    """The connections with their coverage. Two queries."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    oldest: dict[int, datetime] = {}
    read: dict[int, datetime] = {}
    scopes = Scope.objects.filter(retired_at=None).order_by()
    for row in scopes.values("connection", "state").annotate(
        n=Count("pk"), oldest=Min("evaluated_at"), read=Max("read_at")
    ):
        key = row["connection"]
        counts[key][row["state"]] = row["n"]
        if row["oldest"] and row["state"] == CoverageState.FRESH:
            oldest[key] = row["oldest"]
        if row["read"]:
            read[key] = max(filter(None, (read.get(key), row["read"])))
    by_connection = scopes.values("connection").annotate(n=Count("account", distinct=True))
    accounts = {row["connection"]: row["n"] for row in by_connection}
    return [
        Listed(one, CoverageFigures(counts[one.pk], oldest.get(one.pk)), read.get(one.pk), accounts.get(one.pk, 0))
        for one in connections
    ]


def scopes_of(connection: Connection, *, state: str = "") -> QuerySet[Scope]:
    """The connection's places in use, those in a state where one is given."""
    scopes = Scope.objects.filter(connection=connection, retired_at=None)
    return scopes.filter(state=state) if state else scopes


def scopes_in_use(connection: Connection) -> list[Scope]:
    """The same in a list, from what is prefetched where it is."""
    return [scope for scope in connection.scopes.all() if scope.retired_at is None]


def runs_of(connection: Connection, *, most: int = 10) -> list[SyncRun]:
    """Its latest runs, newest first."""
    return list(every_run_of(connection).order_by("-id")[:most])


def every_run_of(connection: Connection) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(scope__connection=connection).select_related("scope")


def set_aside_of(connection: Connection) -> QuerySet[SetAside]:
    found = SetAside.objects.filter(Q(scope__connection=connection) | Q(connection=connection))
    return found.select_related("scope")


@dataclass(frozen=True)
class Step:
    """A step of the live test. ok: True, False, or None where it is only a remark."""

    step: str
    words: str
    ok: bool | None
    status: str = field(default="")


def steps_of(connection: Connection) -> list[Step]:
    """What the last live test and the last discovery found, in order."""
    looks = {True: "pass", False: "fail", None: "unknown"}
    return [
        Step(
            _name_of(str(row.get("step", ""))),
            str(row.get("words", "")),
            row.get("ok"),
            looks.get(row.get("ok"), "unknown"),
        )
        for row in connection.test_report
    ]


def _name_of(step: str) -> str:
    """In the reader's language: a question of the live test, or what a discovery asked for."""
    if step.startswith(REPORT):
        return _("Discovery: %(step)s") % {"step": step.removeprefix(REPORT)}
    return _(step)

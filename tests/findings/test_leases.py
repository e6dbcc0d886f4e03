"""One worker at a time for a scope, whatever becomes of workers, of Redis and of clocks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import redis
from django.db import connection as database
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from audit import clock
from findings import leases, read_config, read_security_hub, sync, sync_jobs, tasks
from findings.leases import Lease, claim
from findings.models import Finding, FindingSpan, Scope, Source, SyncRun
from tests.factories.findings import ScopeFactory
from tests.findings.conftest import HOME, Estate, StartEstate
from tests.workers import PATIENCE, ROOT, taken_from_the_broker, wait_until, worker

READ = "import django; django.setup(); from findings import sync; sync.run({scope})"
FREEZE = """
import django, sys
django.setup()
from findings import leases
from findings.merge import turns
from findings.reading import Reading
turns.ASLEEP = 1
reading = Reading.of(leases.claim({scope}, None, None))
with reading.transaction():
    reading.lease.rows().update(reason="I was here")
    print("asleep", flush=True)
    sys.stdin.readline()
"""
CALL = """
import django, sys
django.setup()
from findings import aws, rates
from findings.models import Connection
hub = aws.hub(Connection.objects.get(), "securityhub")
print("ready", flush=True)
sys.stdin.readline()
with rates.asking(rates.Asker(sys.argv[1])):
    for _ in range({calls}):
        hub.call("get_findings", MaxResults=1)
        sys.stdout.write(sys.argv[1] + "\\n")  # in one piece: two processes write to one file
        sys.stdout.flush()
"""


@contextmanager
def process(program: str, environment: dict[str, str], *arguments: str, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """A Python process of the portal; killed at the end where it has not ended."""
    variables = {**environment, "DJANGO_SETTINGS_MODULE": "compliance_portal.settings"}
    command = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=variables, text=True, **more) as started:
        try:
            yield started
        finally:
            started.kill()


def everything_held() -> list[Any]:
    """All that readings write, row by row."""
    tables = (Finding, FindingSpan, Scope, SyncRun)
    return [list(table._default_manager.order_by("pk").values()) for table in tables]


@pytest.mark.usefixtures("committed_database")
def test_a_lease_that_was_given_back_is_not_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEW_EVERY", 0.01)
    run = claim(ScopeFactory().pk, None, None)
    assert run is not None
    lease = Lease(run.scope_id, run.fence)
    until = Scope.objects.get().lease_until
    with lease.renewed(minutes=1):
        wait_until(lambda: Scope.objects.get().lease_until != until)
        lease.release(due_at=None)
        time.sleep(0.1)
    assert Scope.objects.get().lease_until is None


def let_the_lease_end(scope: Scope) -> None:
    Scope.objects.filter(pk=scope.pk).update(lease_until=Now() - timedelta(seconds=1))


@contextmanager
def in_the_middle_of_reading(environment: dict[str, Any]) -> Iterator[tuple[subprocess.Popen[str], Scope]]:
    """Another process that has taken the home scope and waits for AWS's findings."""
    estate: Estate = environment["estate"]
    sync_jobs.begin(sync_jobs.requested([estate.connection], full=True))
    scope = estate.scope()
    estate.fault("slow", service="securityhub", operation="GetFindings", seconds=1.0)
    with process(READ.format(scope=scope.pk), environment["variables"]) as reader:
        wait_until(lambda: "GetFindings" in estate.control("calls")["calls"].get("securityhub", {}))
        yield reader, scope


def no_other_transaction() -> bool:
    """Nobody else holds anything of this database."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE d.datname = current_database() AND pid <> pg_backend_pid()"
        )
        return bool(cursor.fetchone() == (0,))


def put_to_sleep(sleeper: subprocess.Popen[str]) -> None:
    """Stop it where it holds no transaction, which others would wait for."""

    def asleep_between_transactions() -> bool:
        sleeper.send_signal(signal.SIGSTOP)
        time.sleep(0.05)  # what it asked for last has begun by then
        if no_other_transaction():
            return True
        sleeper.send_signal(signal.SIGCONT)
        return False

    wait_until(asleep_between_transactions)


@pytest.mark.slow
def test_workers_that_fight_for_one_scope_read_it_one_after_the_other(environment: dict[str, Any]) -> None:
    estate, variables = environment["estate"], environment["variables"]
    sync_jobs.begin(sync_jobs.requested([estate.connection], full=True))
    scope = estate.scope()
    estate.fault("slow", service="securityhub", operation="DescribeHub", seconds=0.2)
    with worker(variables), worker(variables):
        for _ in range(5):
            tasks.sync_scope.delay(scope.pk)
        wait_until(lambda: SyncRun.objects.filter(scope=scope, state=SyncRun.State.DONE).exists())
        wait_until(lambda: not SyncRun.objects.filter(scope=scope, state=SyncRun.State.RUNNING).exists())
    runs = list(SyncRun.objects.filter(scope=scope).order_by("fence"))
    assert {run.state for run in runs} == {SyncRun.State.DONE}
    assert [run.fence for run in runs] == list(range(1, len(runs) + 1))
    assert all(one.finished_at and one.finished_at <= following.started_at for one, following in pairwise(runs))
    assert estate.known()["findings"] == estate.told()["findings"]


@pytest.mark.slow
def test_a_worker_that_wakes_up_after_its_lease_changes_nothing(environment: dict[str, Any]) -> None:
    estate = environment["estate"]
    with in_the_middle_of_reading(environment) as (sleeper, scope):
        put_to_sleep(sleeper)
        estate.no_faults()
        let_the_lease_end(scope)
        run = sync.run(scope.pk)
        assert run is not None
        assert (run.state, run.fence) == (SyncRun.State.DONE, 2)
        held = everything_held()
        sleeper.send_signal(signal.SIGCONT)
        assert sleeper.wait(PATIENCE) == 0
    assert everything_held() == held
    assert estate.known()["findings"] == estate.told()["findings"]


@pytest.mark.slow
def test_a_worker_that_falls_asleep_in_its_transaction_keeps_nobody_waiting(environment: dict[str, Any]) -> None:
    estate: Estate = environment["estate"]
    sync_jobs.begin(sync_jobs.requested([estate.connection], full=True))
    scope = estate.scope()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with process(FREEZE.format(scope=scope.pk), environment["variables"], **pipes) as sleeper:
        assert sleeper.stdout is not None
        assert sleeper.stdout.readline() == "asleep\n"
        assert not no_other_transaction()
        wait_until(no_other_transaction)
        let_the_lease_end(scope)
        run = sync.run(scope.pk)
        assert run is not None
        assert (run.state, run.fence) == (SyncRun.State.DONE, 2)
        held = everything_held()
        _out, complaint = sleeper.communicate("\n", timeout=PATIENCE)
    assert sleeper.returncode == 1
    assert "idle-in-transaction timeout" in complaint
    assert everything_held() == held
    assert estate.known()["findings"] == estate.told()["findings"]


@pytest.mark.slow
def test_what_a_killed_worker_left_is_handed_out_again_as_soon_as_its_lease_has_ended(
    environment: dict[str, Any],
) -> None:
    estate = environment["estate"]
    with in_the_middle_of_reading(environment) as (victim, scope):
        victim.kill()
        victim.wait()
    estate.no_faults()
    Scope.objects.update(due_at=clock.now() + timedelta(hours=1))
    tasks.sync_due()
    hint = ("findings.tasks.sync_scope", (scope.pk,))
    assert hint not in taken_from_the_broker(), "its lease runs still"
    let_the_lease_end(scope)
    tasks.sync_due()
    assert hint in taken_from_the_broker()
    run = sync.run(scope.pk)
    assert run is not None
    assert run.state == SyncRun.State.DONE
    left = SyncRun.objects.get(fence=1, scope=scope)
    assert (left.state, left.error) == (SyncRun.State.LEFT, "The worker stopped before it had finished.")
    assert estate.known()["findings"] == estate.told()["findings"]


@pytest.mark.slow
def test_redis_may_lose_everything_in_the_middle(environment: dict[str, Any], settings: Settings) -> None:
    estate, variables = environment["estate"], environment["variables"]
    job = sync_jobs.requested([estate.connection], full=True)
    estate.fault("slow", service="config", operation="DescribeConfigurationAggregators", seconds=0.5)
    with worker(variables), redis.Redis.from_url(settings.REDIS_URL) as server:
        tasks.begin_sync.delay(job.pk)
        wait_until(lambda: SyncRun.objects.filter(job=job).exists())
        for _ in range(5):
            tasks.sync_scope.delay(estate.scope().pk)
        server.flushdb()
        tasks.sweep_nightly()
        tasks.sync_due()
        wait_until(lambda: {run.scope.source for run in SyncRun.objects.filter(state="done")} == set(Source))
    assert estate.known() == estate.told()


@pytest.mark.slow
def test_two_workers_together_keep_the_rate_and_neither_starves(
    environment: dict[str, Any], start_estate: StartEstate, tmp_path: Path
) -> None:
    """The sandbox enforces AWS's rate of GetFindings, and refuses not one call of the two."""
    estate = start_estate(rates=True, regions=[HOME], findings=40)
    variables = {**environment["variables"], "AWS_ENDPOINT_URL": estate.url, "SYNC_RATE_SHARE": "1"}
    program = CALL.format(calls=8)
    with (
        (tmp_path / "order").open("w+") as order,
        process(program, variables, "Y-1", stdin=subprocess.PIPE, stdout=order) as one,
        process(program, variables, "Y-2", stdin=subprocess.PIPE, stdout=order) as two,
    ):
        wait_until(lambda: (tmp_path / "order").read_text().count("ready") == 2)
        for worker_process in (one, two):
            assert worker_process.stdin
            worker_process.stdin.close()
        assert (one.wait(PATIENCE), two.wait(PATIENCE)) == (0, 0)
        order.seek(0)
        served = order.read().split()[2:]
    counted = estate.control("calls")
    assert counted["throttles"] == {}
    assert sum(counted["calls"]["securityhub"]["GetFindings"].values()) == len(served) == 16
    assert min(served[:12].count("Y-1"), served[:12].count("Y-2")) >= 3, served


def test_no_travelling_clock_ends_a_lease_or_prolongs_it(estate: Estate, settings: Settings) -> None:
    sync_jobs.begin(sync_jobs.requested([estate.connection], full=True))
    scope = estate.scope()
    assert claim(scope.pk, None, None) is not None
    Path(settings.CLOCK_FILE).write_text(json.dumps({"offset_seconds": 30 * 86_400}))
    assert claim(scope.pk, None, None) is None
    Path(settings.CLOCK_FILE).write_text(json.dumps({"offset_seconds": -30 * 86_400}))
    assert claim(scope.pk, None, None) is None
    let_the_lease_end(scope)
    assert claim(scope.pk, None, None) is not None


@pytest.mark.parametrize("source", list(Source))
def test_a_run_that_lasts_too_long_hands_over_and_the_next_ones_reach_the_same(
    home_estate: Estate, settings: Settings, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """Each run ends after its first transaction; the sweep that they make up ends what vanished meanwhile."""
    closed = home_estate.account("log-archive")
    home_estate.change("service", account=closed, region=HOME, service="securityhub", on=False)
    settings.SYNC_RUN_MINUTES = 0
    monkeypatch.setattr(read_security_hub, "CHUNK", 60)
    monkeypatch.setattr(read_config, "CHUNK", 60)
    scope = home_estate.scope(source=source)
    Scope.objects.filter(pk=scope.pk).update(sweep_due=True)
    runs: list[SyncRun] = []
    while not runs or runs[-1].state == SyncRun.State.LEFT:
        run = sync.run(scope.pk)
        assert run is not None
        runs.append(run)
        scope.refresh_from_db()
        assert scope.lease_until is None
    assert len(runs) > 2
    assert {run.kind for run in runs} == {SyncRun.Kind.SWEEP}
    assert {run.sweep for run in runs[1:]} == {runs[0]}
    assert runs[-1].state == SyncRun.State.DONE
    assert {run.gone for run in runs[:-1]} == {0}
    found = "findings" if source == Source.SECURITY_HUB else "config"
    if source == Source.SECURITY_HUB:
        assert runs[-1].gone > 0
        assert home_estate.known()[found]["by_account"] == home_estate.told()[found]["by_account"]
    else:
        assert home_estate.known()[found] == home_estate.told()[found]


def test_a_long_wait_for_the_rates_goes_back_to_the_queue(estate: Estate, settings: Settings) -> None:
    sync_jobs.begin(sync_jobs.requested([estate.connection], full=True))
    settings.SYNC_RATE_SHARE = 0.001
    scope = estate.scope()
    run = sync.run(scope.pk)
    assert run is not None
    assert run.state == SyncRun.State.LEFT
    assert run.error.startswith("AWS's rates: securityhub:")
    scope.refresh_from_db()
    assert scope.lease_until is None
    assert scope.due_at is not None
    assert scope.due_at > clock.now()
    settings.SYNC_RATE_SHARE = 0.0
    assert sync.run(scope.pk).state == SyncRun.State.DONE  # type: ignore[union-attr]
    assert estate.known()["findings"] == estate.told()["findings"]

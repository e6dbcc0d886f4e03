"""Whatever breaks while AWS is read, the next reading ends where one without the fault would have ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from audit import clock
from audit.moment import Moment
from findings.models import (
    ConfigRule,
    CoverageSpan,
    CoverageState,
    FindingSpan,
    Posture,
    Scope,
    Source,
    SyncRun,
)
from findings.tallies import Tally, tallies
from tests.factories import UserFactory
from tests.findings.conftest import HOME, Estate, StartEstate
from tests.workers import ROOT, wait_until

SEED = int(os.environ.get("FAULT_SEED", "") or Random().randrange(10**6))
"""Of the moments at which workers are killed; FAULT_SEED=… repeats those of a run that failed."""
KILLS = 20
LONGEST = 0.8
"""Seconds for which a worker that is to be killed reads at most."""
NURSERY = """
import os, signal, sys
import django
django.setup()
from findings import sync
print("ready", flush=True)
while scope := sys.stdin.readline():
    child = os.fork()
    if not child:
        sync.run(int(scope))
        os._exit(0)
    sys.stdin.readline()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print("killed", flush=True)
"""
FULL = """
CREATE FUNCTION {table}_is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$;
CREATE TRIGGER is_full BEFORE INSERT ON {table} FOR EACH ROW
    WHEN (NEW.id % 5 = 0) EXECUTE FUNCTION {table}_is_full()
"""
Kill = Callable[[Scope, float], None]


@contextmanager
def nursery(variables: dict[str, str]) -> Iterator[Kill]:
    """`kill(scope, seconds)`: a worker takes the scope to read it, and is killed that much later."""
    environment = {**variables, "DJANGO_SETTINGS_MODULE": "compliance_portal.settings"}
    command = [sys.executable, "-c", NURSERY]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as mother:
        assert mother.stdin
        assert mother.stdout
        orders, answers = mother.stdin, mother.stdout
        assert answers.readline() == "ready\n"

        def kill(scope: Scope, seconds: float) -> None:
            taken = SyncRun.objects.count()
            print(scope.pk, file=orders)
            wait_until(lambda: SyncRun.objects.count() > taken)
            time.sleep(seconds)
            print("now", file=orders)
            assert answers.readline() == "killed\n"

        yield kill
        orders.close()


def let_leases_end() -> None:
    Scope.objects.filter(lease_until__isnull=False).update(lease_until=Now() - timedelta(seconds=1))


def by_the_owner(statement: str) -> None:
    """With the rights of the database's owner, which the portal itself never works with."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (role,) = cursor.fetchone()
        cursor.execute(f"RESET ROLE; {statement}; SET ROLE {role}")


def nothing_is_doubled() -> None:
    """Of each finding one span follows the other, one at most is open, and postures count the open ones."""
    spans: dict[int, list[FindingSpan]] = {}
    for span in FindingSpan.objects.filter(superseded_at=None).order_by("finding", "valid_from"):
        spans.setdefault(span.finding_id, []).append(span)
    for those in spans.values():
        assert all(one.valid_to and one.valid_to <= following.valid_from for one, following in pairwise(those))
    person = UserFactory(second_line=True)
    counted = FindingSpan.objects.at(Moment.now()).counted()
    assert tallies(person, Moment.now()).get((), Tally()).failed == counted.failing().count()
    assert sum(Posture.objects.values_list("n", flat=True)) == counted.count()


@pytest.mark.slow
def test_a_worker_killed_at_any_moment_loses_nothing_and_doubles_nothing(environment: dict[str, Any]) -> None:
    estate: Estate = environment["estate"]
    estate.sync()
    random = Random(SEED)
    with nursery(environment["variables"]) as kill:
        for number in range(KILLS):
            if not number % 4:
                estate.advance(random.uniform(0.1, 1))
            Scope.objects.update(swept_at=None)
            let_leases_end()
            kill(estate.scope(source=random.choice(Source.values)), random.uniform(0, LONGEST))
    let_leases_end()
    estate.sync(full=True)
    assert SyncRun.objects.filter(state=SyncRun.State.LEFT).exists(), "none was killed in the middle"
    assert estate.known() == estate.told(), f"FAULT_SEED={SEED}"
    nothing_is_doubled()


@pytest.mark.parametrize("table", ["findings_findingspan", "findings_resource"])
def test_a_full_disk_is_told_and_when_there_is_room_again_nothing_is_missing(estate: Estate, table: str) -> None:
    by_the_owner(FULL.format(table=table))
    runs = estate.sync()
    by_the_owner(f"DROP TRIGGER is_full ON {table}")
    assert {run.state for run in runs.values()} == {SyncRun.State.FAILED}
    assert {estate.scope(source=source).state for source in runs} == {CoverageState.FAILED}
    estate.sync()
    assert estate.known() == estate.told()
    nothing_is_doubled()


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_worker_whose_clock_is_wrong_misses_nothing_and_dates_nothing_wrongly(
    db: None, start_estate: StartEstate, settings: Settings, tmp_path: Path, hours: int
) -> None:
    """AWS says with each answer what time it is there."""
    estate = start_estate(regions=[HOME], findings=100)
    estate.connect()
    right = settings.CLOCK_FILE
    wrong = tmp_path / "wrong.json"

    def read_by_the_wrong_clock() -> None:
        offset = json.loads(Path(right).read_text())["offset_seconds"]
        wrong.write_text(json.dumps({"offset_seconds": offset + hours * 3600}))
        settings.CLOCK_FILE = str(wrong)
        estate.sync()
        settings.CLOCK_FILE = right

    read_by_the_wrong_clock()
    assert estate.known() == estate.told()
    for days in (0.02, 0.5):
        estate.advance(days)
        read_by_the_wrong_clock()
        estate.change("pass", id=estate.a_finding().id)
        estate.sync()
        assert estate.known() == estate.told()
    now = clock.now()
    assert not Scope.objects.filter(cursor__gt=now).exists()
    for spans in (FindingSpan, CoverageSpan, ConfigRule):
        assert not spans._default_manager.filter(Q(valid_from__gt=now) | Q(valid_to__gt=now)).exists()
        assert not spans._default_manager.filter(Q(recorded_at__gt=now) | Q(end_recorded_at__gt=now)).exists()
    nothing_is_doubled()

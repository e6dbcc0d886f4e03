"""A portal with a past: an estate read in full once and then every day, through the sync's own merge."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings

from audit import clock
from benchmarks import people
from benchmarks.estate import REGIONS, Estate
from findings import coverage, posture
from findings.connectors.asff import staged
from findings.leases import claim
from findings.merge import refresh_statistics
from findings.models import Connection, Scope, Source, SyncRun
from findings.reading import CHUNK, Place, Reading, Row
from findings.staging import StagedFinding

CHANGED_A_DAY = 0.01


def build(findings: int, days: int) -> dict[str, Any]:
    """Fill an empty portal. Returns seconds and rates of the first reading and of the days after it."""
    days_back(days)
    estate = Estate(findings, begun())
    people.seed(estate)
    scope = connect(estate)
    first = read(scope, estate, range(findings), SyncRun.Kind.SWEEP)
    spent: list[dict[str, Any]] = []
    for day in range(1, days + 1):
        days_back(days - day)
        spent.append(read(scope, estate, estate.turn(day, CHANGED_A_DAY), SyncRun.Kind.INCREMENTAL))
    refresh_statistics()
    changes = {name: round(sum(day[name] for day in spent), 3) for name in ("findings", "database", "seconds")}
    again = read(scope, estate, range(findings), SyncRun.Kind.SWEEP)
    return {
        "first_reading": first,
        "history": {"days": days, **changes},
        "unchanged_sweep": again,
        "peak_mb": peak_mb(),
    }


def begun() -> int:
    """The present moment to the hour, ms since 1970: where an estate starts."""
    return int(clock.now().timestamp()) // 3600 * 3_600_000


def read(scope: Scope, estate: Estate, numbers: Iterable[int], kind: SyncRun.Kind) -> dict[str, Any]:
    """One reading of the estate as a worker does it. database: the seconds of merging, without parsing."""
    began = time.perf_counter()
    claimed = claim(scope.pk, kind, None)
    assert claimed is not None
    reading, database = Reading.of(claimed), 0.0
    evaluated: dict[Place, datetime] = {}
    rows = _staged(estate, numbers, evaluated)
    while some := list(islice(rows, CHUNK)):
        started = time.perf_counter()
        reading.merge(some)
        database += time.perf_counter() - started
    started = time.perf_counter()
    reading.finish()
    _succeed(reading, evaluated)
    database += time.perf_counter() - started
    seconds = time.perf_counter() - began
    run = reading.run
    return {
        "findings": run.read,
        "added": run.added,
        "changed": run.changed,
        "seconds": round(seconds, 3),
        "database": round(database, 3),
        "per_second": round(run.read / seconds),
    }


def _staged(estate: Estate, numbers: Iterable[int], evaluated: dict[Place, datetime]) -> Iterator[Row]:
    for number in numbers:
        row = staged(estate.record(number), covered_by_config=())
        assert isinstance(row, StagedFinding)
        assert row.evaluated_at is not None
        place = (row.account, row.region)
        evaluated[place] = max(evaluated.get(place, row.evaluated_at), row.evaluated_at)
        yield row


def _succeed(reading: Reading, evaluated: dict[Place, datetime]) -> None:
    with reading.transaction() as at:
        coverage.read(reading.scope, evaluated, at=at)
        reading.lease.release(due_at=at + timedelta(days=1), swept_at=at, sweep_due=False)
        posture.snapshot_day(at)
        if reading.sweep is not None:
            refresh_statistics()
        reading.run.close(SyncRun.State.DONE, at=at)


def connect(estate: Estate) -> Scope:
    """A connection whose hub reads every account and region of the estate."""
    at = clock.now()
    connection = Connection.objects.create(
        name="Estate", hub_account=estate.hub.id, home_region=REGIONS[0], created_at=at, discovered_at=at
    )
    told = {"connection": connection, "source": Source.SECURITY_HUB, "since": at}
    home = Scope.objects.create(account=estate.hub.id, region=REGIONS[0], **told)
    others = [
        Scope(account=account.id, region=region, read_through=home, **told)
        for account in estate.accounts
        for region in REGIONS
        if (account.id, region) != (home.account, home.region)
    ]
    coverage.found([home, *Scope.objects.bulk_create(others)], at=at)
    return home


def days_back(days: int) -> None:
    """Set the portal's clock so many days back."""
    Path(settings.CLOCK_FILE).write_text(json.dumps({"offset_seconds": -days * 86_400}))


def peak_mb() -> int:
    """The most memory that this process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

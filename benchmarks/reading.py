"""The live sync, over HTTP and in one process, as a worker does it; and the loading of exported findings."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from io import StringIO
from typing import Any
from urllib.request import urlopen

from django.core.management import CommandError, call_command
from django.db.models import F, QuerySet, Sum

from benchmarks import processors
from benchmarks.history import peak_mb
from findings import discovery, rates, sync
from findings.models import Connection, Finding, Scope, Source, SyncRun

SAID = ("hub_account", "home_region", "hub_role", "member_role", "external_id")


def measured(address: str, sandbox: int) -> dict[str, Any]:
    """sandbox: its process, which takes its share of the same machine."""
    _connect(address)
    first, again = _sync(sandbox), _sync(sandbox)
    return {"first": first, "again": again, "findings": Finding.objects.count(), "peak_mb": peak_mb()}


def paced(address: str) -> dict[str, Any]:
    """One sweep of Security Hub. share: calls of GetFindings in per cent of those that its rate and burst permit."""
    discovery.discover(_connect(address))
    scope = Scope.objects.get(source=Source.SECURITY_HUB, read_through=None, due_at__isnull=False)
    began = time.perf_counter()
    run = sync.run(scope.pk, SyncRun.Kind.SWEEP)
    seconds = time.perf_counter() - began
    assert run is not None
    calls = rates.counts()["securityhub", "GetFindings"]["calls"]
    rate, burst = rates.PUBLISHED["securityhub", "GetFindings"]
    return {
        "read": run.read,
        "seconds": round(seconds, 2),
        "calls": calls,
        "throttles": run.throttles,
        "share": round(100 * calls / (burst + rate * seconds), 1),
    }


def _connect(address: str) -> Connection:
    with urlopen(f"{address}/_sandbox/world", timeout=600) as answer:
        world = json.load(answer)
    call_command("connect", "Sandbox", stdout=StringIO(), **{name: world[name] for name in SAID})
    return Connection.objects.get()


def loaded(file: str) -> dict[str, Any]:
    os.sync()  # the file has just been written: what the disk still does for it is no part of this
    with processors.measured() as spent:
        call_command("load_findings", file, stdout=StringIO(), stderr=StringIO())
    held = Finding.objects.count()
    return {"findings": held, **spent, "per_second": round(held / spent["seconds"]), "peak_mb": peak_mb()}


def _sync(sandbox: int) -> dict[str, Any]:
    last = SyncRun.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    with processors.measured(sandbox=sandbox) as spent, suppress(CommandError):
        # some places of the sandbox's estate refuse us, as in any estate
        call_command("sync", full=True, inline=True, stdout=StringIO(), stderr=StringIO())
    runs = SyncRun.objects.filter(pk__gt=last)
    return {**spent, **{source: _of(runs.filter(scope__source=source)) for source in Source}}


def _of(runs: QuerySet[SyncRun]) -> dict[str, Any]:
    """What runs of one source read, in the time that they took one after the other."""
    found = runs.aggregate(read=Sum("read"), calls=Sum("calls"), took=Sum(F("finished_at") - F("started_at")))
    seconds = found.pop("took").total_seconds()
    return {**found, "seconds": round(seconds, 2), "per_second": round(found["read"] / seconds)}

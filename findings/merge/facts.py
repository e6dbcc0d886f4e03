"""Findings: the state that a source reports meets the state that we hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection as database

from findings.merge import held
from findings.merge import staging_tables as tables
from findings.merge.catalogue import merge_checks
from findings.merge.facts_sql import STEPS
from findings.merge.inventory import Touched, merge_staged_resources
from findings.merge.sweep import SETTLING, Sweep
from findings.models import Connection, RecordDictionary, Source
from findings.staging import StagedCheck, StagedFinding

STAGES = ("stage_resource", "stage_link", "stage_finding")
LOOK_UP = "SET LOCAL random_page_cost = 1.1"
"""A window looks up a little of much: by index, never by reading all of it."""


@dataclass
class Merged:
    """What a merge did. read: rows that came in; touched: the postures to count anew, beside those of new findings."""

    read: int = 0
    added: int = 0
    changed: int = 0
    touched: Touched = field(default_factory=set)


def stage_and_merge(
    connection: Connection,
    rows: Iterable[StagedFinding],
    *,
    at: datetime,
    sweep: Sweep | None = None,
    read_from: datetime | None = None,
) -> Merged:
    """Merge findings into the caller's transaction. Merging the same rows again changes nothing.

    Of a finding read twice the later `updated_at` counts, and nothing older than what is held changes
    anything; equal times are taken, since a workflow changes without moving UpdatedAt. There an event
    is not undone by an earlier one, nor by what was read (from `read_from` on) before it had settled.
    """
    read = list(rows)
    if sweep is not None:
        held.seen(sweep.run.pk, [row.uid for row in read])
    merged = Merged(read=len(read))
    if news := held.unsettled(read):
        merged.touched |= _stage(news, at=at)
        _merge_staged(connection, merged, at=at, settled=(read_from or at) - SETTLING)
    return merged


def _merge_staged(connection: Connection, merged: Merged, *, at: datetime, settled: datetime) -> None:
    with database.cursor() as cursor:
        cursor.execute(LOOK_UP)
    merged.touched |= merge_staged_resources(at=at)
    names: dict[str, Any] = {"at": at, "connection": connection.pk, "connected": connection.created_at}
    names["settled"] = settled
    with database.cursor() as cursor:
        for step in STEPS:
            cursor.execute(step, names)
        cursor.execute(
            "SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE state_changed AND NOT is_new) FROM merging"
        )
        merged.added, merged.changed = cursor.fetchone()
        cursor.execute("SELECT DISTINCT check_id, account, region FROM merging WHERE state_changed AND NOT is_new")
        merged.touched |= set(cursor.fetchall())
        cursor.execute("SELECT DISTINCT old_check_id, account, region FROM merging WHERE old_check_id <> check_id")
        merged.touched |= set(cursor.fetchall())


def _stage(rows: list[StagedFinding], *, at: datetime) -> Touched:
    checks: dict[tuple[str, str], StagedCheck] = {}
    tables.create(*STAGES)
    for source in Source:
        records = [row.raw for row in rows if row.source is source]
        RecordDictionary.objects.learn(source, records, at=at)
    pack = RecordDictionary.objects.packing()

    def findings() -> Iterable[tuple[object, ...]]:
        for row in rows:
            checks[row.source, row.check.key] = row.check
            yield tables.finding_row(row, pack[row.source](row.raw))
            row.raw = b""

    tables.copy("stage_finding", tables.FINDING_COLUMNS, findings())
    tables.copy(
        "stage_link",
        tables.LINK_COLUMNS,
        (
            (row.uid, tables.clean(resource.key), position)
            for row in rows
            for position, resource in enumerate(row.resources)
        ),
    )
    named = dict.fromkeys(resource for row in rows for resource in row.resources)
    tables.copy("stage_resource", tables.RESOURCE_COLUMNS, map(tables.resource_row, named))
    tables.analyze(*STAGES)
    return merge_checks(checks.values(), at=at)

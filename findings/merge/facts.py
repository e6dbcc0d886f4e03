"""Findings: the state that a source reports meets the state that we hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection as database

from findings.merge import held, turns
from findings.merge import staging_tables as tables
from findings.merge.ahead import Made, checks_of, packed, stages
from findings.merge.catalogue import merge_checks
from findings.merge.facts_sql import CHANGED, MERGE
from findings.merge.inventory import Touched, add_staged_resources, merge_staged_resources
from findings.merge.sweep import SETTLING, Sweep
from findings.models import Connection, RecordDictionary, Source
from findings.parallel import first
from findings.staging import StagedFinding

MANY = 1_000
"""New or changed findings of one window that more of their kind will follow."""
STAGES = {
    "stage_resource": tables.RESOURCE_COLUMNS,
    "stage_link": tables.LINK_COLUMNS,
    "stage_finding": tables.FINDING_COLUMNS,
}
"""Staging table → its columns."""
LOOK_UP = "SET LOCAL random_page_cost = 1.1"
"""A window looks up a little of much: by index, never by reading all of it."""
SORT_LATER = "SET LOCAL gin_pending_list_limit = '32MB'"
"""New words of an index that is searched wait unsorted, eight times as many as usual: sorting more at once takes
much less. A search reads them too, and the end of a sweep or load sorts them in (refresh_statistics)."""


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
    made: Made | None = None,
) -> Merged:
    """Merge findings into the caller's transaction. Merging the same rows again changes nothing.

    made: of these very rows, ahead of the transaction.

    Of a finding read twice the later `updated_at` counts, and nothing older than what is held changes
    anything; equal times are taken, since a workflow changes without moving UpdatedAt. There an event
    is not undone by an earlier one, nor by what was read (from `read_from` on) before it had settled.
    """
    read = list(rows)
    latest = made.latest if made else held.latest(read)
    if sweep is not None:
        held.seen(sweep.run.pk, [row.uid for row in latest])
    merged = Merged(read=made.read if made else len(read))
    news = latest if made and made.staged else held.unsettled(latest)
    kept = made.sources if made and made.staged else Counter(row.source for row in news)
    if kept:
        with first():
            merged.touched |= _stage(news, made, at=at)
        many = kept.total() >= MANY
        with database.cursor() as cursor:
            cursor.execute(f"{LOOK_UP}; {SORT_LATER}" if many else LOOK_UP)
        if made is None or made.more is None:
            turns.take_resources()
        if made is None or made.more != []:
            merged.touched |= merge_staged_resources(at=at)
        _merge_staged(connection, merged, at=at, settled=(read_from or at) - SETTLING)
        for source, n in kept.items():
            RecordDictionary.objects.learn_again(source, n, at=at)
    return merged


def _merge_staged(connection: Connection, merged: Merged, *, at: datetime, settled: datetime) -> None:
    names: dict[str, Any] = {"at": at, "connection": connection.pk, "connected": connection.created_at}
    names["settled"] = settled
    with database.cursor() as cursor:
        cursor.execute(MERGE, names)
        cursor.execute(
            "SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE state_changed AND NOT is_new) FROM merging"
        )
        merged.added, merged.changed = cursor.fetchone()
        cursor.execute(CHANGED)
        merged.touched |= set(cursor.fetchall())


def tell_resources(made: Made) -> None:
    """Add the resources that nobody knows, in a transaction ahead of the one that merges their findings."""
    with database.cursor() as cursor:
        cursor.execute(f"{LOOK_UP}; {SORT_LATER}")
    _fill({"stage_resource": made.blocks["stage_resource"]})
    made.more = add_staged_resources()
    made.blocks = {**made.blocks, "stage_resource": made.more}


def stage_made(made: Made) -> None:
    """Stage what was made, in the transaction that is going to merge it, while another one has its turn.

    What is known already is merged as anything else.
    """
    _fill(made.blocks)
    made.blocks, made.staged = {}, True


def _stage(rows: list[StagedFinding], made: Made | None, *, at: datetime) -> Touched:
    if made is None:
        _fill(stages(rows, packed(rows, partial(_packed, at=at))))
    elif not made.staged:
        _fill(stages(rows, made.bodies) if len(rows) < len(made.bodies) else made.blocks)
    return merge_checks(made.checks if made and made.staged else checks_of(rows).values(), at=at)


def _fill(lines: Mapping[str, Iterable[Any] | bytes]) -> None:
    tables.create(*lines)
    for name, some in lines.items():
        tables.copy(name, STAGES[name], some)
    tables.analyze(*lines)


def _packed(source: Source, records: list[bytes], *, at: datetime) -> list[bytes]:
    RecordDictionary.objects.learn(source, records, at=at)
    return RecordDictionary.objects.packed(source, records)

"""What a reading merely confirms: findings that stand as they are held need no staging.

A finding of Security Hub is settled where its content, state and check are those that we hold;
its evaluation, and the event that told of it, move on, nothing else. Config's results are compared before they get here
(findings.config_held).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection as database

from findings.models import Source
from findings.staging import StagedFinding

HELD = """
WITH f AS MATERIALIZED (
    SELECT id, uid, updated_at, evaluated_at, content_hash FROM findings_finding
    WHERE uid = ANY(%s::uuid[]) AND gone_at IS NULL
)
SELECT f.uid, f.updated_at, f.evaluated_at, s.status_since, f.content_hash, s.status, s.compliance_status,
       s.severity, s.workflow, s.record_state, s.scored, c.key
FROM f
JOIN findings_findingspan s ON s.finding_id = f.id AND s.valid_to IS NULL AND s.superseded_at IS NULL
JOIN findings_check c ON c.id = s.check_ran_id
"""

EVALUATED = """
UPDATE findings_finding f
SET updated_at = i.updated_at, evaluated_at = i.evaluated_at, told_at = greatest(f.told_at, i.told_at)
FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
    AS i (uid, updated_at, evaluated_at, told_at)
WHERE f.uid = i.uid
"""


BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


def latest(rows: Iterable[StagedFinding]) -> list[StagedFinding]:
    """Each finding once: updated last, of those told last, of those the one that came last."""
    found: dict[UUID, StagedFinding] = {}
    for row in rows:
        known = found.setdefault(row.uid, row)
        if known is not row and _age(row) >= _age(known):
            found[row.uid] = row
    return list(found.values())


def _age(row: StagedFinding) -> tuple[datetime, datetime]:
    """What was read is as old as can be beside what an event told at the same time."""
    return row.updated_at, row.told_at or BEFORE_ALL


def known(rows: Iterable[StagedFinding]) -> dict[UUID, tuple[Any, ...]]:
    """The findings of Security Hub among them that are held: id → a row of HELD."""
    asked = _ids(row.uid for row in rows if row.source == Source.SECURITY_HUB)
    with database.cursor() as cursor:
        cursor.execute(HELD, [asked])
        return {held[0]: held for held in cursor.fetchall()}


def unsettled(rows: Sequence[StagedFinding]) -> list[StagedFinding]:
    """The rows that are new or say something new, in their order; the others are confirmed. Each finding once."""
    held = known(rows)
    with database.cursor() as cursor:
        kept, evaluated = [], []
        for row in rows:
            one = held.get(row.uid)
            if one is None or not _stands(row, one):
                kept.append(row)
            elif row.updated_at >= one[1] and (row.told_at or (row.updated_at, row.evaluated_at) != one[1:3]):
                evaluated.append(row)
        if evaluated:
            names = ("uid", "updated_at", "evaluated_at", "told_at")
            cursor.execute(EVALUATED, [[getattr(row, name) for row in evaluated] for name in names])
    return kept


def _stands(row: StagedFinding, known: tuple[Any, ...]) -> bool:
    """Whether the row says what is held; known: a row of HELD."""
    if row.status_since is not None and row.status_since > known[3]:
        return False
    return known[4:] == (
        row.content_hash,
        row.status,
        row.compliance_status,
        row.severity,
        row.workflow,
        row.record_state,
        row.scored,
        row.check.key[:512],
    )


def seen(run: int, uids: list[UUID]) -> None:
    """Keep for the end of a sweep that it saw these findings."""
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO findings_sweepseen (run_id, uid) SELECT %s, unnest(%s::uuid[]) ON CONFLICT DO NOTHING",
            [run, _ids(uids)],
        )


def _ids(uids: Iterable[UUID]) -> str:
    """An array as PostgreSQL writes it: of thousands, ten times as fast as a list that psycopg takes apart."""
    return "{" + ",".join([uid.hex for uid in uids]) + "}"

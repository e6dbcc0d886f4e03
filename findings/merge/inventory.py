"""Resources, and which solutions they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import orjson
from django.db import connection as database
from django.db.backends.utils import CursorWrapper

from audit import clock
from findings.merge import staging_tables as tables
from findings.merge import turns
from findings.models import Resource
from findings.staging import StagedResource
from organisation.ownership import Rules

Touched = set[tuple[int, str, str]]
"""(check, account, region) of every finding whose state changed: the postures to count anew."""
Held = tuple[int, str, dict[str, str], list[int]]
"""A resource: id, account, tags, solutions."""
AT_ONCE = 5_000
"""Resources held in memory while ownership rules are applied."""

TOLD = """
SELECT told.*,
       coalesce(nullif(standing_type, ''), nullif(type, ''), known_type) <> known_type
       OR coalesce(nullif(standing_name, ''), nullif(name, ''), known_name) <> known_name
       OR coalesce(nullif(tags, '{}'), known_tags) <> known_tags AS says_more
FROM (
    SELECT DISTINCT ON (key) s.key, s.type, s.native_id, s.name, s.account, s.region, s.tags, s.in_inventory,
           CASE WHEN NOT s.in_inventory AND k.in_inventory_at IS NOT NULL THEN k.type END AS standing_type,
           CASE WHEN NOT s.in_inventory AND (k.in_inventory_at IS NOT NULL OR s.tags IS NULL) THEN k.name END
               AS standing_name,
           k.id AS known_id, k.type AS known_type, k.name AS known_name, k.tags AS known_tags
    FROM stage_resource s LEFT JOIN findings_resource k USING (key)
    ORDER BY key, s.in_inventory DESC, s.tags NULLS LAST
) told
"""
"""What is told of each resource, beside what is known. What the inventory calls it stands; findings name only what
it does not know. Who tells no tags does not know what it is called: where its name is known, that stands.
"""
COMPARE = tables.filled("told", TOLD)

UPSERT = """
INSERT INTO findings_resource AS known (
    key, type, native_id, name, account, region, tags, solutions, first_seen_at, in_inventory_at
)
SELECT key, coalesce(nullif(standing_type, ''), type), native_id, coalesce(nullif(standing_name, ''), name),
       account, region, coalesce(tags, '{}'), '{}', %(at)s, CASE WHEN in_inventory THEN %(at)s END
FROM told
WHERE known_id IS NULL OR in_inventory OR says_more
ON CONFLICT (key) DO UPDATE SET
    type = coalesce(nullif(excluded.type, ''), known.type),
    name = coalesce(nullif(excluded.name, ''), known.name),
    tags = CASE WHEN excluded.tags = '{}' THEN known.tags ELSE excluded.tags END,
    in_inventory_at = coalesce(excluded.in_inventory_at, known.in_inventory_at),
    gone_at = CASE WHEN excluded.in_inventory_at IS NULL THEN known.gone_at END
WHERE excluded.in_inventory_at IS NOT NULL
   OR (known.type, known.name) IS DISTINCT FROM
      (coalesce(nullif(excluded.type, ''), known.type), coalesce(nullif(excluded.name, ''), known.name))
   OR (excluded.tags <> '{}' AND excluded.tags <> known.tags)
RETURNING id, account, tags, solutions
"""
"""What is known is not locked."""

ADD = """
INSERT INTO findings_resource (key, type, native_id, name, account, region, tags, solutions, first_seen_at)
SELECT key, type, native_id, name, account, region, coalesce(tags, '{}'), '{}', %(at)s
FROM told WHERE known_id IS NULL
RETURNING id, account, tags, solutions
"""

SAYS_MORE = """
SELECT key, type, native_id, name, account, region, tags, in_inventory FROM told WHERE says_more
"""
"""In the order of stage_resource."""

VANISHED = """
UPDATE findings_resource r SET gone_at = %(at)s
FROM unnest(%(accounts)s::text[], %(regions)s::text[]) AS listed (account, region)
WHERE (r.account, r.region) = (listed.account, listed.region) AND r.gone_at IS NULL AND r.in_inventory_at < %(at)s
"""

NOTHING = """
SELECT finding_id, status, compliance_status, severity, workflow, record_state, status_since,
       solutions, scored, valid_from_source, check_ran_id, account, region, valid_from, recorded_at
FROM findings_findingspan LIMIT 0
"""
REASSIGN = """
WITH owned AS (
    SELECT s.id AS span_id, s.finding_id,
           (SELECT coalesce(array_agg(DISTINCT solution ORDER BY solution), '{}')
            FROM findings_findingresource l JOIN findings_resource r ON r.id = l.resource_id,
                 unnest(r.solutions) AS solution
            WHERE l.finding_id = s.finding_id) AS solutions
    FROM findings_findingspan s
    WHERE s.valid_to IS NULL AND s.superseded_at IS NULL
      AND s.finding_id IN (SELECT finding_id FROM findings_findingresource WHERE resource_id = ANY(%(resources)s))
), closed AS (
    UPDATE findings_findingspan s
    SET valid_to = greatest(%(at)s, s.valid_from + interval '1 microsecond'), end_recorded_at = %(at)s
    FROM owned o WHERE s.id = o.span_id AND s.solutions <> o.solutions
    RETURNING s.*, o.solutions AS new_solutions
)
INSERT INTO stage_reassigned
SELECT finding_id, status, compliance_status, severity, workflow, record_state, status_since,
       new_solutions, scored, 'observed', check_ran_id, account, region, valid_to, %(at)s
FROM closed
"""

REOPEN = """
INSERT INTO findings_findingspan (
    finding_id, status, compliance_status, severity, workflow, record_state, status_since, solutions, scored,
    valid_from_source, check_ran_id, account, region, valid_from, recorded_at
)
SELECT * FROM stage_reassigned
"""


def merge_inventory(listed: Mapping[tuple[str, str], Iterable[StagedResource]], *, at: datetime) -> None:
    """Take in Config's inventory of some accounts and regions: what it lacks is gone. The caller's transaction."""
    tables.create("stage_resource")
    rows = (tables.resource_row(row) for resources in listed.values() for row in resources)
    tables.copy("stage_resource", tables.RESOURCE_COLUMNS, rows)
    turns.take_resources()
    merge_staged_resources(at=at)
    accounts, regions = [account for account, _ in listed], [region for _, region in listed]
    with database.cursor() as cursor:
        cursor.execute(VANISHED, {"at": at, "accounts": accounts, "regions": regions})


def merge_staged_resources(*, at: datetime) -> Touched:
    """Upsert what stands in stage_resource, and move findings whose resources changed hands.

    The caller's transaction writes resources (turns), or all that it tells of are known.
    """
    with database.cursor() as cursor:
        cursor.execute(COMPARE)
        return _move_findings(_owned(cursor, UPSERT, at=at), at=at)


def add_staged_resources() -> list[tuple[object, ...]]:
    """Add what stands in stage_resource and nobody knows, ahead of the transaction that merges its findings.

    Another one may merge meanwhile: nothing that is known is touched, and nothing has to follow what is added.
    Returns what more is told of those that are known: rows of stage_resource.
    """
    turns.take_resources()
    at = clock.now()
    with database.cursor() as cursor:
        cursor.execute(COMPARE)
        _owned(cursor, ADD, at=at)
        cursor.execute(SAYS_MORE)
        return list(cursor.fetchall())


def _owned(cursor: CursorWrapper, statement: str, *, at: datetime) -> list[int]:
    """Write resources, and say whose they are; returns those that have changed hands.

    statement: one that writes resources and returns them as they are held.
    """
    cursor.execute(statement, {"at": at})
    held = [(key, account, orjson.loads(tags), solutions) for key, account, tags, solutions in cursor.fetchall()]
    return _assign(held, Rules.in_force(at)) if held else []


def reassign_solutions(*, at: datetime, accounts: Iterable[str] | None = None) -> Touched:
    """Apply the ownership rules in force to every resource (of `accounts`). After rules changed.

    In the caller's transaction, which waits for a merge under way and lets none begin.
    """
    turns.take()
    turns.take_resources()
    resources = Resource.objects.order_by("pk")
    if accounts is not None:
        resources = resources.filter(account__in=list(accounts))
    rules, touched, last = Rules.in_force(at), Touched(), 0
    while rows := list(resources.filter(pk__gt=last).values_list("id", "account", "tags", "solutions")[:AT_ONCE]):
        touched |= _move_findings(_assign(rows, rules), at=at)
        last = rows[-1][0]
    return touched


def _assign(rows: Iterable[Held], rules: Rules) -> list[int]:
    """Say whose these resources are; returns those that have changed hands."""
    changed = [
        (key, owners)
        for key, account, tags, solutions in rows
        if (owners := rules.owners_of(account, tags)) != solutions
    ]
    if changed:
        with database.cursor() as cursor:
            cursor.executemany(
                "UPDATE findings_resource SET solutions = %s WHERE id = %s",
                [(owners, key) for key, owners in changed],
            )
    return [key for key, _ in changed]


def _move_findings(resources: list[int], *, at: datetime) -> Touched:
    """End the spans of findings on these resources that now belong elsewhere, and begin new ones."""
    if not resources:
        return set()
    with database.cursor() as cursor:
        cursor.execute(tables.filled("stage_reassigned", NOTHING))
        cursor.execute(REASSIGN, {"resources": resources, "at": at})
        cursor.execute(REOPEN)
        cursor.execute("SELECT DISTINCT check_ran_id, account, region FROM stage_reassigned")
        return set(cursor.fetchall())

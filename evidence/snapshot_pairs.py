"""The population of a snapshot, streamed: pairs of check and resource with raw records and the readings behind them.

A fixed number of queries for each chunk of pairs, however many findings are in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Case, Count, Q, Value, When

from audit.moment import Moment
from findings.models import FindingSpan, Status, SyncRun, accepted_by
from findings.models.queries import SpanQuerySet
from findings.models.record import unpacked

CHUNK = 500
"""Pairs whose records are in memory at the same time."""
ANSWERS = (Status.FAIL, Status.UNKNOWN, Status.PASS)
FIELDS = (
    "finding_id", "check_ran_id", "status", "exception", "compliance_status", "workflow", "status_since", "valid_from",
    "recorded_at", "account", "region", "finding__source", "finding__connection_id", "finding__native_id",
    "finding__rule_name", "finding__resource__key", "finding__resource__type", "finding__resource__name",
)  # fmt: skip
RECORDS = """
SELECT asked.id, held.captured_at, held.told_at, held.later, held.body
FROM unnest(%(findings)s::bigint[]) AS asked (id)
CROSS JOIN LATERAL (
    (SELECT captured_at, told_at, false AS later, body FROM findings_findingrecord
     WHERE finding_id = asked.id AND captured_at <= least(%(at)s::timestamptz, %(known_at)s::timestamptz)
     ORDER BY captured_at DESC, id DESC LIMIT 1)
    UNION ALL
    (SELECT captured_at, told_at, true, body FROM findings_findingrecord
     WHERE finding_id = asked.id AND captured_at > %(at)s AND captured_at <= %(known_at)s
     ORDER BY captured_at, id LIMIT 1)
    ORDER BY later LIMIT 1
) held
"""
"""Of many findings what findings.provenance.record_at tells of one: the latest by the moment, else the first held."""
RUNS = """
SELECT asked.scope, asked.at, run.id
FROM unnest(%(scopes)s::bigint[], %(moments)s::timestamptz[]) AS asked (scope, at)
CROSS JOIN LATERAL (
    SELECT id FROM findings_syncrun
    WHERE scope_id = asked.scope AND started_at <= asked.at AND (finished_at IS NULL OR finished_at >= asked.at)
    ORDER BY started_at DESC, id DESC LIMIT 1
) run
"""
RUNS_AROUND = """
SELECT asked.scope, run.id, run.after FROM unnest(%(scopes)s::bigint[]) AS asked (scope)
CROSS JOIN LATERAL (
    (SELECT id, false AS after FROM findings_syncrun WHERE scope_id = asked.scope AND state = 'done'
       AND started_at < %(at)s AND finished_at <= %(known_at)s ORDER BY started_at DESC, id DESC LIMIT 1)
    UNION
    (SELECT id, false FROM findings_syncrun WHERE scope_id = asked.scope AND state = 'done' AND kind = 'sweep'
       AND started_at < %(at)s AND finished_at <= %(known_at)s ORDER BY started_at DESC, id DESC LIMIT 1)
    UNION
    (SELECT id, true FROM findings_syncrun WHERE scope_id = asked.scope AND state = 'done'
       AND started_at >= %(at)s AND finished_at <= %(known_at)s ORDER BY started_at, id LIMIT 1)
) run
"""


@dataclass(frozen=True)
class Counts:
    """In pairs. failing: those under no exception. population: all four together, so without what does not apply."""

    passing: int
    failing: int
    accepted: int
    unknown: int
    not_applicable: int

    @property
    def population(self) -> int:
        return self.passing + self.failing + self.accepted + self.unknown


@dataclass(frozen=True)
class Record:
    """body: JSON bytes as they came. later: captured after the moment, and none older is held."""

    captured_at: datetime
    told_at: datetime | None
    later: bool
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True)
class Pair:
    """row: by the names of FIELDS. run: key of the reading that captured the record, as far as it is known."""

    row: dict[str, Any]
    record: Record | None
    run: int | None


def population(checks: Iterable[int], solution: int | None, moment: Moment) -> SpanQuerySet[FindingSpan]:
    """What these checks say of a solution's resources (None: of those of no solution) and counts."""
    spans = FindingSpan.objects.at(moment).counted().filter(check_ran__in=list(checks)).of_solution(solution)
    return spans.annotate(exception=accepted_by(moment.at))


def counts(spans: SpanQuerySet[FindingSpan]) -> Counts:
    """One query."""
    under = Q(exception__isnull=False)
    found = spans.aggregate(
        passing=Count("pk", filter=Q(status=Status.PASS)),
        failing=Count("pk", filter=Q(status=Status.FAIL) & ~under),
        accepted=Count("pk", filter=Q(status=Status.FAIL) & under),
        unknown=Count("pk", filter=Q(status=Status.UNKNOWN)),
        not_applicable=Count("pk", filter=Q(status=Status.NOT_APPLICABLE)),
    )
    return Counts(**found)


Readers = dict[tuple[int, str, str, str], int]
"""Connection, account, region and source → the key of the scope whose readings bring what is there."""


class Pairs:
    """Failures first, then what is unknown, then what passes."""

    def __init__(self, spans: SpanQuerySet[FindingSpan], moment: Moment, readers: Readers) -> None:
        self._spans, self._moment, self._readers = spans, moment, readers
        self._runs: dict[tuple[int, datetime], int] = {}

    def chunks(self) -> Iterator[list[Pair]]:
        ranks = [When(status=status, then=Value(rank)) for rank, status in enumerate(ANSWERS)]
        found = self._spans.filter(status__in=ANSWERS).annotate(rank=Case(*ranks, default=Value(len(ANSWERS))))
        rows = found.order_by("rank", "check_ran", "finding").values(*FIELDS).iterator(chunk_size=CHUNK)
        while some := list(islice(rows, CHUNK)):
            yield self._pairs(some)

    def _pairs(self, rows: Sequence[dict[str, Any]]) -> list[Pair]:
        records = _records([row["finding_id"] for row in rows], self._moment)
        asked = {row["finding_id"]: self._asked(row, records.get(row["finding_id"])) for row in rows}
        self._look_up({one for one in asked.values() if one})
        return [
            Pair(
                row, records.get(row["finding_id"]), self._runs.get(one) if (one := asked[row["finding_id"]]) else None
            )
            for row in rows
        ]

    def _asked(self, row: dict[str, Any], record: Record | None) -> tuple[int, datetime] | None:
        """Whose reading captured a record, and when; None where an event told it, or nothing is known."""
        place = (row["finding__connection_id"], row["account"], row["region"], row["finding__source"])
        reader = self._readers.get(place)
        return (reader, record.captured_at) if reader and record and not record.told_at else None

    def _look_up(self, asked: set[tuple[int, datetime]]) -> None:
        self._runs = {}
        if asked:
            with connection.cursor() as cursor:
                cursor.execute(RUNS, {"scopes": [one for one, _ in asked], "moments": [at for _, at in asked]})
                self._runs = {(scope, at): run for scope, at, run in cursor.fetchall()}


def _records(findings: list[int], moment: Moment) -> dict[int, Record]:
    asked: dict[str, Any] = {"findings": findings, "at": moment.at, "known_at": moment.known_at}
    with connection.cursor() as cursor:
        cursor.execute(RECORDS, asked)
        return {
            key: Record(captured_at, told_at, later, unpacked(bytes(body)))
            for key, captured_at, told_at, later, body in cursor.fetchall()
        }


@dataclass(frozen=True)
class Around:
    """Readings that ended without an error, around a moment. runs: of each scope the last one, and the last complete
    sweep, that began before it, and the first one that began after. confirmed: the scopes that have that one.
    """

    runs: frozenset[int]
    confirmed: frozenset[int]


def runs_around(readers: Iterable[int], moment: Moment) -> Around:
    """One query."""
    asked: dict[str, Any] = {"scopes": sorted(readers), "at": moment.at, "known_at": moment.known_at}
    with connection.cursor() as cursor:
        cursor.execute(RUNS_AROUND, asked)
        rows = cursor.fetchall()
    return Around(frozenset(run for _, run, _ in rows), frozenset(scope for scope, _, after in rows if after))


def reading(run: SyncRun) -> dict[str, Any]:
    """As a line of the file; with its scope selected."""
    scope, ended = run.scope, run.finished_at
    return {
        "line": "reading", "run": run.public_id, "kind": run.kind, "state": run.state, "scope": scope.public_id,
        "account": scope.account, "region": scope.region, "source": scope.source, "caller": run.caller,
        "started_at": run.started_at.isoformat(), "finished_at": ended.isoformat() if ended else None,
        "calls": run.calls, "request_ids": run.request_ids, "error": run.error,
    }  # fmt: skip

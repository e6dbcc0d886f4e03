"""Postures: counts that are kept up by what a run changed, and the same counts at any past moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Max

from audit import clock
from findings.merge import sums, turns
from findings.merge.staging_tables import copy, create
from findings.models import AccountSum, CheckSum, FindingSpan, Posture, PostureDay, PostureTotal

FORGET = """
WITH forgotten AS (
    DELETE FROM findings_posture p USING stage_touched t
    WHERE (t.check_id, t.account, t.region) = (p.check_ran_id, p.account, p.region)
    RETURNING p.*
)
INSERT INTO stage_moved
SELECT check_ran_id, account, solutions, status, severity, suppressed, -n AS n FROM forgotten
"""

COUNT = """
WITH counted AS (
    INSERT INTO findings_posture (
        check_ran_id, account, region, solutions, status, severity, suppressed, n, oldest_since, newest_since
    )
    SELECT s.check_ran_id, s.account, s.region, s.solutions, s.status, s.severity, s.workflow = 'SUPPRESSED',
           count(*), min(s.status_since), max(s.status_since)
    FROM findings_findingspan s JOIN stage_touched t
      ON (t.check_id, t.account, t.region) = (s.check_ran_id, s.account, s.region)
    WHERE s.valid_to IS NULL AND s.superseded_at IS NULL AND s.scored AND s.record_state = 'ACTIVE'
    GROUP BY 1, 2, 3, 4, 5, 6, 7
    RETURNING *
)
INSERT INTO stage_moved
SELECT check_ran_id, account, solutions, status, severity, suppressed, n FROM counted
"""

SNAPSHOT = """
INSERT INTO findings_postureday ("on", counted_at, account, solutions, status, severity, suppressed, n)
SELECT %(on)s, %(at)s, account, solutions, status, severity, suppressed, n FROM findings_accountsum
"""

MISSED = """
INSERT INTO findings_postureday ("on", counted_at, account, solutions, status, severity, suppressed, n)
SELECT %(on)s, %(at)s, account, solutions, status, severity, workflow = 'SUPPRESSED', count(*)
FROM findings_findingspan
WHERE superseded_at IS NULL AND valid_from < %(end)s AND (valid_to IS NULL OR valid_to >= %(end)s)
  AND scored AND record_state = 'ACTIVE'
GROUP BY 3, 4, 5, 6, 7
"""
TOTALS = """
INSERT INTO findings_posturetotal ("on", counted_at, solutions, passed, failed, assessed)
SELECT "on", max(counted_at), solutions, coalesce(sum(n) FILTER (WHERE status = 'pass'), 0),
       coalesce(sum(n) FILTER (WHERE status = 'fail'), 0), sum(n)
FROM findings_postureday
WHERE NOT suppressed AND status IN ('pass', 'fail', 'unknown') AND "on" = ANY(%(days)s)
GROUP BY "on", solutions
"""
MOST_MISSED = 92
COUNTED: tuple[Any, ...] = (Posture, AccountSum, CheckSum)


def refresh(touched: Iterable[tuple[int, str, str]]) -> None:
    """Count anew the postures of these (check, account, region), last in the caller's transaction.

    Counting waits for other transactions that count, so that each sees what the one before it did.
    """
    rows = sorted(set(touched))
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('findings_posture'))")
        create("stage_touched", "stage_moved")
        copy("stage_touched", ("check_id", "account", "region"), rows)
        cursor.execute(f"{FORGET}; {COUNT}; ANALYZE stage_moved (n)")  # so that a few sums are looked up, not all read
    sums.move("stage_moved")


def recount() -> int:
    """Count every posture and sum anew from the spans; returns how many rows were otherwise before.

    In the caller's transaction, while nobody merges.
    """
    turns.take()
    before = _counted()
    for model in COUNTED:
        model.objects.all().delete()
    current = FindingSpan.objects.filter(valid_to=None, superseded_at=None)
    refresh(current.values_list("check_ran", "account", "region").distinct())
    return len(before ^ _counted())


def _counted() -> set[tuple[object, ...]]:
    found = set[tuple[object, ...]]()
    for model in COUNTED:
        names = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
        rows = model.objects.values_list(*names).iterator()
        found |= {(model, *(tuple(one) if isinstance(one, list) else one for one in row)) for row in rows}
    return found


def snapshot_day(at: datetime | None = None) -> None:
    """Keep today's counts as the day's, in place of an earlier snapshot of the same day.

    Days without a reading since the last snapshot are counted from the spans, as they are known now.
    """
    at = at or clock.now()
    on = at.date()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('findings_postureday'))")
    last = PostureDay.objects.filter(on__lt=on).aggregate(last=Max("on"))["last"]
    PostureDay.objects.filter(on=on).delete()
    PostureTotal.objects.filter(on=on).delete()
    missed = _days_between(last, on)
    with connection.cursor() as cursor:
        for day in missed:
            end = datetime.combine(day + timedelta(days=1), time.min, tzinfo=UTC)
            cursor.execute(MISSED, {"on": day, "end": end, "at": at})
        cursor.execute(SNAPSHOT, {"on": on, "at": at})
        cursor.execute(TOTALS, {"days": [*missed, on]})


def _days_between(last: date | None, on: date) -> list[date]:
    """The days after `last` and before `on`, of the last MOST_MISSED at most; none where there is no last."""
    first = max(last + timedelta(days=1), on - timedelta(days=MOST_MISSED)) if last else on
    return [first + timedelta(days=number) for number in range((on - first).days)]

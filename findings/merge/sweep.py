"""What vanished is decided once a complete sweep has ended without an error."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from findings.merge.inventory import Touched
from findings.models import Scope, SyncRun

MOST_SHARE, MOST_COUNT = 0.2, 50
"""More than a fifth, and more than fifty, vanishing at once is rather a fault than a change."""

# EXCEPT is hashed whatever the planner believes of a table that nobody has analysed since it was filled.
CANDIDATES = """
CREATE TEMPORARY TABLE stage_vanished ON COMMIT DROP AS
WITH missing AS (
    SELECT uid FROM findings_finding
    WHERE connection_id = %(connection)s AND source = %(source)s AND gone_at IS NULL
      AND first_seen_at < %(started)s
    EXCEPT SELECT uid FROM findings_sweepseen WHERE run_id = %(run)s
)
SELECT f.id
FROM missing JOIN findings_finding f USING (uid)
LEFT JOIN findings_scope y ON (y.connection_id, y.source, y.account, y.region)
                            = (f.connection_id, f.source, f.account, f.region)
WHERE coalesce(y.read_through_id, y.id, %(scope)s) = %(scope)s
"""
"""EXCEPT compares the two sets by sorting or hashing, however little is known of their sizes."""

CLOSE = """
WITH gone AS (
    UPDATE findings_finding f SET gone_at = %(at)s FROM stage_vanished v WHERE f.id = v.id RETURNING f.id
)
UPDATE findings_findingspan s
SET valid_to = greatest(%(at)s, s.valid_from + interval '1 microsecond'), end_recorded_at = %(at)s
FROM gone WHERE s.finding_id = gone.id AND s.valid_to IS NULL AND s.superseded_at IS NULL
RETURNING s.check_ran_id, s.account, s.region
"""


HELD_THERE = """
CREATE TEMPORARY TABLE stage_vanished ON COMMIT DROP AS
SELECT id FROM findings_finding
WHERE (connection_id, source, account, region) = (%(connection)s, %(source)s, %(account)s, %(region)s)
  AND gone_at IS NULL
"""


def end_place(scope: Scope, *, at: datetime) -> Touched:
    """End everything that is held of one place and source, as no longer observed. In the caller's transaction."""
    names: dict[str, Any] = {
        "connection": scope.connection_id,
        "source": scope.source,
        "account": scope.account,
        "region": scope.region,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.stage_vanished")
        cursor.execute(HELD_THERE, names)
        cursor.execute(CLOSE, names)
        return set(cursor.fetchall())


class TooManyVanished(Exception):
    """So much is missing from a sweep that it is taken for a fault of the reading."""

    def __init__(self, vanished: int, known: int) -> None:
        self.vanished, self.known = vanished, known
        super().__init__(f"{vanished} of {known} findings are missing from the sweep; nothing was ended")


class Sweep:
    """One complete reading of a scope, over any number of windows and transactions.

    The findings that were seen are kept per run, so that a sweep's memory does not grow with it.
    """

    def __init__(self, run: SyncRun) -> None:
        self.run = run
        self.touched: Touched = set()

    def finish(self, *, at: datetime, force: bool = False) -> int:
        """End the findings that the sweep did not see; returns how many. In the caller's transaction.

        Raises TooManyVanished unless `force`.
        """
        scope = self.run.scope
        names: dict[str, Any] = {
            "connection": scope.connection_id,
            "source": scope.source,
            "scope": scope.pk,
            "run": self.run.pk,
            "started": self.run.started_at,
            "at": at,
        }
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.stage_vanished")
            cursor.execute(CANDIDATES, names)
            cursor.execute("SELECT count(*) FROM stage_vanished")
            vanished = int(cursor.fetchone()[0])
            cursor.execute("SELECT count(*) FROM findings_sweepseen WHERE run_id = %s", [self.run.pk])
            known = int(cursor.fetchone()[0]) + vanished
            if not force and vanished > MOST_COUNT and vanished > MOST_SHARE * known:
                raise TooManyVanished(vanished, known)
            cursor.execute(CLOSE, names)
            self.touched = set(cursor.fetchall())
            self.forget()
        return vanished

    def forget(self) -> None:
        """Drop what was kept of the findings seen. Also when a sweep is given up."""
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM findings_sweepseen WHERE run_id = %s", [self.run.pk])

"""What vanished is decided once a complete sweep has ended without an error."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from findings.merge.inventory import Touched
from findings.models import Finding, Scope, SweepSeen, SyncRun

SETTLING = timedelta(minutes=5)
"""How long a reading may still show what an event has told to be otherwise: AWS's own delay, and clocks that differ."""
MOST_SHARE, MOST_COUNT = 0.2, 50
"""More than a fifth, and more than fifty, vanishing at once is rather a fault than a change."""

CANDIDATES = """
WITH missing AS (
    SELECT uid FROM findings_finding
    WHERE connection_id = %(connection)s AND source = %(source)s AND gone_at IS NULL
      AND first_seen_at < %(started)s AND (told_at IS NULL OR told_at < %(settled)s) {within}
    EXCEPT SELECT uid FROM findings_sweepseen WHERE run_id = %(run)s
)
SELECT f.id
FROM missing JOIN findings_finding f USING (uid)
LEFT JOIN findings_scope y ON (y.connection_id, y.source, y.account, y.region)
                            = (f.connection_id, f.source, f.account, f.region)
WHERE coalesce(y.read_through_id, y.id, %(scope)s) = %(scope)s
ORDER BY f.id
"""
"""EXCEPT compares the two sets by sorting or hashing, however little is known of their sizes."""

WITHIN = """
      AND (account, region, rule_name) IN (
          SELECT * FROM unnest(%(accounts)s::text[], %(regions)s::text[], %(rules)s::text[]))
"""

CLOSE = """
WITH gone AS (
    UPDATE findings_finding f SET gone_at = %(at)s
    WHERE f.id = ANY(%(ids)s) AND gone_at IS NULL AND (told_at IS NULL OR told_at < %(settled)s) RETURNING f.id
)
UPDATE findings_findingspan s
SET valid_to = greatest(%(at)s, s.valid_from + interval '1 microsecond'), end_recorded_at = %(at)s
FROM gone WHERE s.finding_id = gone.id AND s.valid_to IS NULL AND s.superseded_at IS NULL
RETURNING s.check_ran_id, s.account, s.region
"""


def end_place(scope: Scope, *, at: datetime) -> Touched:
    """End everything that is held of one place and source, as no longer observed. In the caller's transaction."""
    there = Finding.objects.filter(
        connection=scope.connection, source=scope.source, account=scope.account, region=scope.region, gone_at=None
    )
    return _end(list(there.values_list("pk", flat=True)), settled=at, at=at)


def _end(keys: Sequence[int], *, settled: datetime, at: datetime) -> Touched:
    """settled: no event has told of them since."""
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, {"ids": list(keys), "settled": settled, "at": at})
        return set(cursor.fetchall())


class TooManyVanished(Exception):
    """So much is missing from a sweep that it is taken for a fault of the reading."""

    def __init__(self, vanished: int, known: int) -> None:
        self.vanished, self.known = vanished, known
        super().__init__(
            _("%(vanished)s of %(known)s findings are missing from the sweep; nothing was ended")
            % {"vanished": vanished, "known": known}
        )


class Sweep:
    """One complete reading of a scope, over any number of windows, transactions and runs.

    run: the one that began it. The findings that were seen are kept in the database, so that a sweep's memory
    does not grow with it. within: the account, region and name of the rules that are swept, where not all are.
    """

    def __init__(self, run: SyncRun, *, within: Sequence[tuple[str, str, str]] | None = None) -> None:
        self.run, self.within = run, within

    def vanished(self, *, force: bool = False) -> list[int]:
        """The keys of findings that the sweep did not see. Reads only. Raises TooManyVanished unless `force`."""
        scope = self.run.scope
        names: dict[str, Any] = {
            "connection": scope.connection_id,
            "source": scope.source,
            "scope": scope.pk,
            "run": self.run.pk,
            "started": self.run.started_at,
            "settled": self._settled,
        }
        if self.within is not None:
            columns = zip(*self.within, strict=True) if self.within else ([], [], [])
            names |= dict(zip(("accounts", "regions", "rules"), map(list, columns), strict=True))
        with connection.cursor() as cursor:
            cursor.execute(CANDIDATES.format(within="" if self.within is None else WITHIN), names)
            vanished = [key for (key,) in cursor.fetchall()]
        if not force and len(vanished) > MOST_COUNT and len(vanished) > MOST_SHARE * self._known(vanished):
            raise TooManyVanished(len(vanished), self._known(vanished))
        return vanished

    def _known(self, vanished: list[int]) -> int:
        """How many findings the scope is known to have: all that it covers, or those seen and those missing."""
        if self.within is not None:
            scope = self.run.scope
            return Finding.objects.filter(connection=scope.connection, source=scope.source, gone_at=None).count()
        return SweepSeen.objects.filter(run=self.run).count() + len(vanished)

    def end(self, keys: Sequence[int], *, at: datetime) -> Touched:
        """End these findings, in the caller's transaction; returns the postures to count anew."""
        return _end(keys, settled=self._settled, at=at)

    @property
    def _settled(self) -> datetime:
        """What no event has told of since then is gone where the sweep did not see it."""
        return self.run.started_at - SETTLING

    def forget(self) -> None:
        """Drop what was kept of the findings seen. Also when a sweep is given up."""
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM findings_sweepseen WHERE run_id = %s", [self.run.pk])

"""Sums of postures: moved by as much as the postures are, in the same transaction, and never added up anew."""

from __future__ import annotations

from django.db import connection

MOVE = """
MERGE INTO {table} s USING (
    SELECT {over}, solutions, status, severity, suppressed, sum(n) AS n FROM {moved}
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0
) m ON (s.{over}, s.solutions, s.status, s.severity, s.suppressed)
     = (m.{over}, m.solutions, m.status, m.severity, m.suppressed)
WHEN MATCHED AND s.n + m.n = 0 THEN DELETE
WHEN MATCHED THEN UPDATE SET n = s.n + m.n
WHEN NOT MATCHED THEN INSERT ({over}, solutions, status, severity, suppressed, n)
    VALUES (m.{over}, m.solutions, m.status, m.severity, m.suppressed, m.n)
"""
SUMS = {"findings_accountsum": "account", "findings_checksum": "check_ran_id"}
"""Table → what it tells apart beside solutions, status, severity and suppression."""


def moves(moved: str) -> list[str]:
    """The statements that move every sum. moved: rows of a posture, n how many more there are, below 0 for fewer.

    Whoever runs them holds the lock of those who count postures.
    """
    return [MOVE.format(table=table, over=over, moved=moved) for table, over in SUMS.items()]


def move(moved: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(";".join(moves(moved)))

"""The edition of what pages show: it moves with every commit that changes it, so that an answer can be kept.

Triggers write the transaction's id into a table of a few rows; what a reader sees of that table
names exactly the commits that the reader sees. Nobody waits for anybody, and nothing is kept past a commit.
"""

from __future__ import annotations

from django.db import connection
from django.db.migrations import RunSQL


def current() -> str:
    """The edition of the data as it is committed now. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(concat_ws('.', xid, moves), ' ' ORDER BY xid) FROM audit_edition")
        return str(cursor.fetchone()[0])


def moved_by(table: str, events: str = "INSERT OR UPDATE OR DELETE") -> RunSQL:
    """For a migration: these events on a table move the edition. Columns nobody is shown are better left out."""
    return RunSQL(
        f"CREATE TRIGGER moves_edition AFTER {events} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION edition_moves()",
        f"DROP TRIGGER moves_edition ON {table}",
    )

"""Nothing of the locker is edited or deleted: what may still be said of a row is said once."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

KEPT = ("evidence", "evidencelink", "legalhold", "evidencerequest", "attestation")
APPEND_ONLY = ("snapshot", "requeststep", "requeststep_evidence", "attestation_evidence", "trailhead")
SAID_ONCE = {
    "evidence": "withdrawn_at,withdrawn_by_id,withdrawn_because,destroyed_at",
    "legalhold": "released_by_id,released_at,released_because",
    "attestation": (
        "holds,basis,attested_at,expires_at,verdict_id,withdrawn_by_id,withdrawn_at,withdrawn_because"
    ),
}
CLOSE = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_{table}
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""
OPEN = "DROP TRIGGER append_only ON evidence_{table};"
ONCE = """
CREATE TRIGGER decided_once BEFORE UPDATE ON evidence_{table}
FOR EACH ROW EXECUTE FUNCTION decided_once('{{{columns}}}');
"""
OFTEN = "DROP TRIGGER decided_once ON evidence_{table};"


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        for table in KEPT:
            statement = sql.SQL("REVOKE DELETE, TRUNCATE ON {} FROM {}").format(sql.Identifier(f"evidence_{table}"), role)
            cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_locker"), ("risks", "0002_register_is_kept")]
    operations = [
        migrations.RunPython(keep, migrations.RunPython.noop),
        *(migrations.RunSQL(CLOSE.format(table=table), OPEN.format(table=table)) for table in APPEND_ONLY),
        *(
            migrations.RunSQL(ONCE.format(table=table, columns=columns), OFTEN.format(table=table))
            for table, columns in SAID_ONCE.items()
        ),
    ]

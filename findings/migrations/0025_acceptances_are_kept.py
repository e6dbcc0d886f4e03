"""An acceptance is ended once, with a reason; nothing else of it ever changes, and none is deleted."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

from audit.edition import moved_by

ONCE_ACCEPTED = """
CREATE FUNCTION acceptance_once_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.valid_to IS NOT NULL
       OR to_jsonb(NEW) - '{valid_to,ended_because}'::text[] <> to_jsonb(OLD) - '{valid_to,ended_because}'::text[]
    THEN
        RAISE EXCEPTION 'an acceptance is ended, never edited' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER once_written BEFORE UPDATE ON findings_acceptance
FOR EACH ROW EXECUTE FUNCTION acceptance_once_written();
"""


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        statement = sql.SQL("REVOKE DELETE, TRUNCATE ON findings_acceptance FROM {}").format(role)
        cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("findings", "0024_acceptances"), ("audit", "0004_edition")]
    operations = [
        migrations.RunPython(keep, migrations.RunPython.noop),
        migrations.RunSQL(
            ONCE_ACCEPTED,
            "DROP TRIGGER once_written ON findings_acceptance; DROP FUNCTION acceptance_once_written();",
        ),
        moved_by("findings_acceptance"),
    ]

"""An import of the register is never deleted, and what it did is never rewritten."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

ENDED = """
CREATE FUNCTION register_import_has_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an import of the register that was applied or dropped stays as it is'
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER has_ended BEFORE UPDATE ON risks_registerimport FOR EACH ROW
WHEN (OLD.state IN ('applied', 'dropped')) EXECUTE FUNCTION register_import_has_ended();
"""
OPEN = """
DROP TRIGGER has_ended ON risks_registerimport;
DROP FUNCTION register_import_has_ended();
"""


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        statement = sql.SQL("REVOKE DELETE, TRUNCATE ON risks_registerimport FROM {}").format(role)
        cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("risks", "0006_register_imports")]
    operations = [
        migrations.RunPython(keep, migrations.RunPython.noop),
        migrations.RunSQL(ENDED, OPEN),
    ]

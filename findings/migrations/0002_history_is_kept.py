"""The application closes history, it never deletes it."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

KEPT = ("finding", "findingspan", "findingrecord", "coveragespan")


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        for table in KEPT:
            statement = sql.SQL("REVOKE DELETE, TRUNCATE ON {} FROM {}").format(
                sql.Identifier(f"findings_{table}"), role
            )
            cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("findings", "0001_facts"), ("audit", "0001_application_role")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]

"""The application replaces a statement by another one; it deletes none."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

KEPT = ("applicability", "implementation")


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        for table in KEPT:
            statement = sql.SQL("REVOKE DELETE, TRUNCATE ON {} FROM {}").format(
                sql.Identifier(f"controls_{table}"), role
            )
            cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("controls", "0004_what_people_state")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]

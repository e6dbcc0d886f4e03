"""The application retires a control, ends an inheritance and withdraws a verdict; it deletes none."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

KEPT = ("control", "inheritance", "verdict")


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        for table in KEPT:
            statement = sql.SQL("REVOKE DELETE, TRUNCATE ON {} FROM {}").format(
                sql.Identifier(f"controls_{table}"), role
            )
            cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("controls", "0006_own_controls")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]

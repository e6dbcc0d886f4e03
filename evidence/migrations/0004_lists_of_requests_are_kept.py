"""What was brought in stays, whatever became of it."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

TABLE = "evidence_requestimport"


def keep(apps: Any, editor: Any) -> None:
    role, table = sql.Identifier(settings.DATABASE_APPLICATION_ROLE), sql.Identifier(TABLE)
    with editor.connection.cursor() as cursor:
        statement = sql.SQL("REVOKE DELETE, TRUNCATE ON {} FROM {}").format(table, role)
        cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("evidence", "0003_lists_of_requests")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]

"""The application ends a mapping and withdraws an edition; it deletes neither."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

KEPT = ("framework", "frameworkversion", "requirement", "edition", "mapping", "mappingset", "packversion", "sourcefile")


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        for table in KEPT:
            statement = sql.SQL("REVOKE DELETE, TRUNCATE ON {} FROM {}").format(
                sql.Identifier(f"controls_{table}"), role
            )
            cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("controls", "0001_frameworks_and_mappings"), ("audit", "0001_application_role")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]

"""What was asked of AWS, and what AWS answered, is kept; and shown on pages that are kept."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

from audit.edition import moved_by


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        statement = sql.SQL("REVOKE DELETE, TRUNCATE ON findings_workflowchange FROM {}").format(role)
        cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("findings", "0027_workflow_changes"), ("audit", "0004_edition")]
    operations = [
        migrations.RunPython(keep, migrations.RunPython.noop),
        moved_by("findings_workflowchange", "INSERT OR UPDATE OF state, words OR DELETE"),
    ]

"""The application replaces what was stated and withdraws a report; it deletes neither."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

KEPT = (
    "responsibility", "responsibilityset", "servicetype", "runsas", "arearule", "requirementareas", "providerreport",
    "providerreport_services", "reading", "gapletter", "complementarycontrol", "complementaryanswer",
)  # fmt: skip


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        for table in KEPT:
            statement = sql.SQL("REVOKE DELETE, TRUNCATE ON {} FROM {}").format(
                sql.Identifier(f"controls_{table}"), role
            )
            cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("controls", "0012_shared_responsibility")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]

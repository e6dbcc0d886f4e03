"""Which rules there were is history like what they found: the application closes it, it never deletes it."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        statement = sql.SQL("REVOKE DELETE, TRUNCATE ON findings_configrule FROM {}").format(role)
        cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("findings", "0011_config_rules"), ("audit", "0001_application_role")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]

"""One person stands in for another at a time, and nobody's standing in is ever deleted."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

ONE = """
ALTER TABLE organisation_delegation ADD CONSTRAINT delegation_one_at_a_time EXCLUDE USING gist (
    int8range(delegator_id, delegator_id, '[]') WITH =,
    tstzrange(valid_from, valid_to) WITH &&
)
"""
ANY = "ALTER TABLE organisation_delegation DROP CONSTRAINT delegation_one_at_a_time"


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        statement = sql.SQL("REVOKE DELETE, TRUNCATE ON organisation_delegation FROM {}").format(role)
        cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("organisation", "0008_delegations")]
    operations = [
        migrations.RunSQL(ONE, ANY),
        migrations.RunPython(keep, migrations.RunPython.noop),
    ]

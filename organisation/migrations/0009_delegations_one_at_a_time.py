"""One person stands in for another at a time; it moves the edition of what pages show, and is never deleted."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

from audit.edition import moved_by

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
    dependencies = [("organisation", "0008_delegations"), ("audit", "0004_edition")]
    operations = [
        migrations.RunSQL(ONE, ANY),
        moved_by("organisation_delegation"),
        migrations.RunPython(keep, migrations.RunPython.noop),
    ]

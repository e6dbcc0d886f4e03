"""The role that the portal works as. It owns nothing, and append-only tables are closed to its changes."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

MAKE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {name}) THEN
        CREATE ROLE {role} NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$ BEGIN
    IF NOT pg_has_role(current_user, {name}, 'MEMBER') THEN
        EXECUTE format('GRANT %I TO %I', {name}, current_user);
    END IF;
END $$;
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role};
"""


def make_role(apps: Any, editor: Any) -> None:
    name = settings.DATABASE_APPLICATION_ROLE
    statement = sql.SQL(MAKE).format(name=sql.Literal(name), role=sql.Identifier(name))
    with editor.connection.cursor() as cursor:
        cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [migrations.RunPython(make_role, migrations.RunPython.noop)]

"""The chain is made by the database at commit, and neither table can be changed or emptied."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

CHAIN = """
CREATE FUNCTION trail_digest(entry audit_trailentry, previous bytea) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT sha256(previous || convert_to(jsonb_build_array(
        entry.id, extract(epoch FROM entry.at), entry.actor, entry.actor_name, entry.line, entry.action,
        entry.kind, entry.object_id, entry.detail, entry.request_id, entry.address
    )::text, 'UTF8'))
$$;

CREATE FUNCTION trail_link() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    head audit_traillink;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit_traillink'));
    SELECT * INTO head FROM audit_traillink ORDER BY position DESC LIMIT 1;
    INSERT INTO audit_traillink (entry_id, position, previous, digest) VALUES (
        NEW.id, coalesce(head.position, 0) + 1, coalesce(head.digest, ''::bytea),
        trail_digest(NEW, coalesce(head.digest, ''::bytea))
    );
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER trail_link_at_commit AFTER INSERT ON audit_trailentry
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trail_link();

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_trailentry
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_traillink
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""

UNCHAIN = """
DROP TRIGGER append_only ON audit_traillink;
DROP TRIGGER append_only ON audit_trailentry;
DROP TRIGGER trail_link_at_commit ON audit_trailentry;
DROP FUNCTION append_only();
DROP FUNCTION trail_link();
DROP FUNCTION trail_digest(audit_trailentry, bytea);
"""

REVOKE = """
REVOKE UPDATE, DELETE, TRUNCATE ON audit_trailentry FROM {role};
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON audit_traillink FROM {role};
"""


def close_to_application(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        cursor.execute(sql.SQL(REVOKE).format(role=role).as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_trail")]
    operations = [
        migrations.RunSQL(CHAIN, UNCHAIN),
        migrations.RunPython(close_to_application, migrations.RunPython.noop),
    ]

"""Nothing of an engagement is deleted, populations and steps are never edited, and a closed engagement's papers stand."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

KEPT = ("engagement", "teammember", "controltest", "sample", "sampleitem", "auditfinding", "pack", "packfile")
APPEND_ONLY = ("teststep", "auditfindingstep", "auditfindingstep_evidence")
SAID_ONCE = {
    "population": "explained",
    "sample": "issued_by_id,issued_at",
    "pack": "job_id,sealed_at,stored_as,sha256,size,signature,key",
}
LOCK = """
CREATE FUNCTION papers_are_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE locked boolean;
BEGIN
    SELECT EXISTS (
        SELECT FROM assurance_engagement e
        WHERE e.state = 'closed' AND e.id = CASE TG_TABLE_NAME
            WHEN 'assurance_controltest' THEN (to_jsonb(NEW) ->> 'engagement_id')::bigint
            WHEN 'assurance_teststep' THEN (
                SELECT t.engagement_id FROM assurance_controltest t WHERE t.id = (to_jsonb(NEW) ->> 'test_id')::bigint)
            WHEN 'assurance_controltest_evidence' THEN (
                SELECT t.engagement_id FROM assurance_controltest t
                WHERE t.id = (to_jsonb(NEW) ->> 'controltest_id')::bigint)
            WHEN 'assurance_population' THEN (
                SELECT t.engagement_id FROM assurance_controltest t WHERE t.id = (to_jsonb(NEW) ->> 'test_id')::bigint)
            WHEN 'assurance_sample' THEN (
                SELECT t.engagement_id FROM assurance_controltest t
                JOIN assurance_population p ON p.test_id = t.id
                WHERE p.id = (to_jsonb(NEW) ->> 'population_id')::bigint)
            WHEN 'assurance_sampleitem' THEN (
                SELECT t.engagement_id FROM assurance_controltest t
                JOIN assurance_population p ON p.test_id = t.id JOIN assurance_sample s ON s.population_id = p.id
                WHERE s.id = (to_jsonb(NEW) ->> 'sample_id')::bigint)
            WHEN 'assurance_sampleitem_evidence' THEN (
                SELECT t.engagement_id FROM assurance_controltest t
                JOIN assurance_population p ON p.test_id = t.id JOIN assurance_sample s ON s.population_id = p.id
                JOIN assurance_sampleitem i ON i.sample_id = s.id
                WHERE i.id = (to_jsonb(NEW) ->> 'sampleitem_id')::bigint)
        END
    ) INTO locked;
    IF locked THEN
        RAISE EXCEPTION 'the papers of a closed engagement are locked' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
"""
UNLOCK = "DROP FUNCTION papers_are_locked();"
LOCKED = (
    "controltest", "controltest_evidence", "teststep", "population", "sample", "sampleitem", "sampleitem_evidence",
)  # fmt: skip
LOCKED_WHEN = """
CREATE TRIGGER papers_are_locked BEFORE INSERT OR UPDATE ON assurance_{table}
FOR EACH ROW EXECUTE FUNCTION papers_are_locked();
"""
CLOSE = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assurance_{table}
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""
ONCE = """
CREATE TRIGGER decided_once BEFORE UPDATE ON assurance_{table}
FOR EACH ROW EXECUTE FUNCTION decided_once('{{{columns}}}');
"""
DROP = "DROP TRIGGER {name} ON assurance_{table};"


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        for table in (*KEPT, "population"):
            name = sql.Identifier(f"assurance_{table}")
            statement = sql.SQL("REVOKE DELETE, TRUNCATE ON {} FROM {}").format(name, role)
            cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("assurance", "0001_engagements"), ("evidence", "0002_locker_is_kept")]
    operations = [
        migrations.RunPython(keep, migrations.RunPython.noop),
        migrations.RunSQL(LOCK, UNLOCK),
        *(
            migrations.RunSQL(LOCKED_WHEN.format(table=table), DROP.format(name="papers_are_locked", table=table))
            for table in LOCKED
        ),
        *(
            migrations.RunSQL(CLOSE.format(table=table), DROP.format(name="append_only", table=table))
            for table in APPEND_ONLY
        ),
        *(
            migrations.RunSQL(
                ONCE.format(table=table, columns=columns), DROP.format(name="decided_once", table=table)
            )
            for table, columns in SAID_ONCE.items()
        ),
    ]

"""Nothing of the register is deleted; matrices and steps are never edited, levels are looked up."""

from typing import Any

from django.conf import settings
from django.db import migrations
from psycopg import sql

KEPT = (
    "category", "appetite", "authority", "risk", "riskcontrol", "riskfindings", "assessment", "treatment",
    "treatmentaction", "treatmentcheck", "riskexception", "challenge", "triage",
)  # fmt: skip
APPEND_ONLY = ("matrix", "exceptionstep", "riskexception_checks", "riskexception_resources")

RULES = """
CREATE FUNCTION assessment_level_is_looked_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wanted integer;
BEGIN
    SELECT (cells -> NEW.likelihood::int ->> NEW.impact::int)::integer INTO wanted
    FROM risks_matrix WHERE id = NEW.matrix_id;
    IF wanted IS NULL OR wanted <> NEW.level THEN
        RAISE EXCEPTION 'the level of an assessment is what its matrix has in that cell'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER level_is_looked_up BEFORE INSERT ON risks_assessment
FOR EACH ROW EXECUTE FUNCTION assessment_level_is_looked_up();

CREATE FUNCTION decided_once() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE decided text[] := TG_ARGV[0]::text[];
BEGIN
    IF (to_jsonb(NEW) - decided) <> (to_jsonb(OLD) - decided) THEN
        RAISE EXCEPTION '% is decided on, never edited', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (
        SELECT FROM jsonb_each(to_jsonb(OLD)) o
        WHERE o.key = ANY (decided) AND o.value NOT IN ('null'::jsonb, '""'::jsonb)
          AND to_jsonb(NEW) -> o.key <> o.value
    ) THEN
        RAISE EXCEPTION '% is decided on once', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decided_once BEFORE UPDATE ON risks_assessment FOR EACH ROW EXECUTE FUNCTION decided_once(
    '{confirmed_by_id,confirmed_at,declined_by_id,declined_at,declined_because}'
);
CREATE TRIGGER decided_once BEFORE UPDATE ON risks_challenge FOR EACH ROW EXECUTE FUNCTION decided_once(
    '{answer,answered_by_id,answered_at,outcome,settled_because,settled_by_id,settled_at}'
);
"""
FREE = """
DROP TRIGGER decided_once ON risks_challenge;
DROP TRIGGER decided_once ON risks_assessment;
DROP FUNCTION decided_once();
DROP TRIGGER level_is_looked_up ON risks_assessment;
DROP FUNCTION assessment_level_is_looked_up();
"""
CLOSE = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON risks_{table}
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""
OPEN = "DROP TRIGGER append_only ON risks_{table};"


def keep(apps: Any, editor: Any) -> None:
    role = sql.Identifier(settings.DATABASE_APPLICATION_ROLE)
    with editor.connection.cursor() as cursor:
        for table in KEPT:
            statement = sql.SQL("REVOKE DELETE, TRUNCATE ON {} FROM {}").format(sql.Identifier(f"risks_{table}"), role)
            cursor.execute(statement.as_string(cursor.connection))


class Migration(migrations.Migration):
    dependencies = [("risks", "0001_register"), ("audit", "0003_trail_append_only")]
    operations = [
        migrations.RunPython(keep, migrations.RunPython.noop),
        migrations.RunSQL(RULES, FREE),
        *(migrations.RunSQL(CLOSE.format(table=table), OPEN.format(table=table)) for table in APPEND_ONLY),
    ]

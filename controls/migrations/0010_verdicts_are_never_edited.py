"""A verdict is withdrawn once, with who, when and why; nothing else of it ever changes."""

from django.db import migrations

ONCE_SAID = """
CREATE FUNCTION verdict_once_said() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL
       OR to_jsonb(NEW) - '{withdrawn_at,withdrawn_by,withdrawn_because}'::text[]
          <> to_jsonb(OLD) - '{withdrawn_at,withdrawn_by,withdrawn_because}'::text[]
    THEN
        RAISE EXCEPTION 'a verdict is withdrawn, never edited' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER once_said BEFORE UPDATE ON controls_verdict FOR EACH ROW EXECUTE FUNCTION verdict_once_said();
"""


class Migration(migrations.Migration):
    dependencies = [("controls", "0009_verdicts_say_what_was_done")]
    operations = [
        migrations.RunSQL(
            ONCE_SAID, "DROP TRIGGER once_said ON controls_verdict; DROP FUNCTION verdict_once_said();"
        )
    ]

"""A comment is withdrawn once, with when and why; nothing else of it or of whom it mentions ever changes."""

from django.db import migrations

ONCE_WRITTEN = """
CREATE FUNCTION comment_once_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.withdrawn_at IS NOT NULL
       OR to_jsonb(NEW) - '{withdrawn_at,withdrawn_because}'::text[]
          <> to_jsonb(OLD) - '{withdrawn_at,withdrawn_because}'::text[]
    THEN
        RAISE EXCEPTION 'a comment is withdrawn, never edited' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER once_written BEFORE UPDATE ON desk_comment FOR EACH ROW EXECUTE FUNCTION comment_once_written();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON desk_comment
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON desk_mention
FOR EACH STATEMENT EXECUTE FUNCTION append_only();
"""

EDITABLE = """
DROP TRIGGER append_only ON desk_mention;
DROP TRIGGER append_only ON desk_comment;
DROP TRIGGER once_written ON desk_comment;
DROP FUNCTION comment_once_written();
"""


class Migration(migrations.Migration):
    dependencies = [("desk", "0005_comments_and_watches"), ("audit", "0003_trail_append_only")]
    operations = [migrations.RunSQL(ONCE_WRITTEN, EDITABLE)]

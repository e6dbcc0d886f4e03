"""What moves the edition of the data; see audit.edition."""

from django.db import migrations

EDITION = """
CREATE TABLE audit_edition (xid xid8 PRIMARY KEY, moves bigint NOT NULL DEFAULT 1);

CREATE FUNCTION edition_moves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_edition AS edition (xid) VALUES (pg_current_xact_id())
    ON CONFLICT (xid) DO UPDATE SET moves = edition.moves + 1;
    -- Transactions that every reader sees as ended need not be told apart any more: this one stands for them.
    DELETE FROM audit_edition WHERE xid IN (
        SELECT xid FROM audit_edition WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) FOR UPDATE SKIP LOCKED
    );
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_trail_append_only")]
    operations = [migrations.RunSQL(EDITION, "DROP FUNCTION edition_moves(); DROP TABLE audit_edition;")]

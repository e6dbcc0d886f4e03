"""What the merge needs of the database: a union of arrays, and a sweep's notes kept out of the log."""

from django.db import migrations

ARRAY_UNION = """
CREATE FUNCTION array_union(one anycompatiblearray, other anycompatiblearray) RETURNS anycompatiblearray
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN one @> other THEN one
                ELSE (SELECT array_agg(DISTINCT member ORDER BY member) FROM unnest(one || other) AS member) END
$$;
ALTER TABLE findings_sweepseen SET UNLOGGED;
"""


class Migration(migrations.Migration):
    dependencies = [("findings", "0003_sweep_seen")]
    operations = [
        migrations.RunSQL(
            ARRAY_UNION,
            """
            ALTER TABLE findings_sweepseen SET LOGGED;
            DROP FUNCTION array_union(anycompatiblearray, anycompatiblearray);
            """,
        )
    ]

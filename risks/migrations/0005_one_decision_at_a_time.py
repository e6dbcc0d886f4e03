"""For one solution and category one appetite is in force at a time; likewise one authority of a person in a solution.

Looked at when the transaction commits: what takes the place of another is written before that one is ended.
"""

from django.db import migrations

ONE = """
ALTER TABLE risks_{table} ADD CONSTRAINT {table}_one_at_a_time EXCLUDE USING gist (
    int8range(coalesce({of}, 0), coalesce({of}, 0), '[]') WITH =,
    int8range(coalesce(solution_id, 0), coalesce(solution_id, 0), '[]') WITH =,
    tstzrange(valid_from, valid_to) WITH &&
) DEFERRABLE INITIALLY DEFERRED
"""
ANY = "ALTER TABLE risks_{table} DROP CONSTRAINT {table}_one_at_a_time"


class Migration(migrations.Migration):
    dependencies = [("risks", "0004_matrix_is_monotone")]
    operations = [
        migrations.RunSQL(ONE.format(table=table, of=of), ANY.format(table=table))
        for table, of in (("appetite", "category_id"), ("authority", "person_id"))
    ]

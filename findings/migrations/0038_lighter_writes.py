"""What every new finding costs the database, made less.

- An index of AWS's long ids held each of them whole: it holds 64 bits of each now.
- The keys of resources had a second index, for prefixes that nobody asks for.
- What a transaction has itself written is not locked by the triggers that look for it: nobody else sees it yet.
"""

from importlib import import_module

from django.db import migrations, models

from findings.models.finding import Digest

parents = import_module("findings.migrations.0022_parents_by_statement")

INSERTED = """
    asked := ARRAY(SELECT DISTINCT {column} FROM told WHERE {column} IS NOT NULL);
    SELECT count(*) INTO own FROM findings_{parent} WHERE id = ANY(asked) AND xmin = pg_current_xact_id()::xid;
    IF cardinality(asked) > own THEN
        WITH held AS (
            SELECT FROM findings_{parent} WHERE id = ANY(asked) AND xmin <> pg_current_xact_id()::xid FOR KEY SHARE
        ) SELECT own + count(*) INTO own FROM held;
        IF cardinality(asked) > own THEN{refuse}        END IF;
    END IF;
"""
FUNCTION = """
CREATE OR REPLACE FUNCTION findings_{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE asked bigint[]; own bigint;
BEGIN{body}
    RETURN NULL;
END $$;
"""


def told(inserted, function):
    """The functions that look for what inserted rows refer to."""
    for child, references in parents.REFERENCES.items():
        asked = [parents._names(child, column, parent) for column, parent in references.items()]
        body = "".join(inserted.format(**names) for names in asked)
        yield function.format(name=f"{child}_told", body=body)


BEFORE = parents.FUNCTION.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("findings", "0037_unowned_resources")]
    operations = [
        migrations.RunSQL("\n".join(told(INSERTED, FUNCTION)), "\n".join(told(parents.INSERTED, BEFORE))),
        migrations.RemoveIndex(model_name="finding", name="finding_native_id"),
        migrations.AddIndex(
            model_name="finding", index=models.Index(Digest("native_id"), name="finding_native_id")
        ),
        migrations.AlterField(model_name="resource", name="key", field=models.TextField()),
        migrations.AddConstraint(
            model_name="resource", constraint=models.UniqueConstraint(fields=("key",), name="resource_key_once")
        ),
    ]

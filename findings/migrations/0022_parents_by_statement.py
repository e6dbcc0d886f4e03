"""What a finding's rows refer to must exist: asked once a statement instead of once a row.

PostgreSQL's own foreign keys ask for each row and each reference by itself: eight questions for a new finding,
a quarter of all that merging it costs the database. Triggers of these tables give the same guarantee:

- inserted rows are refused where what they refer to does not exist. What they refer to is locked (FOR KEY SHARE)
  until the transaction ends, as a foreign key locks it, so that nobody deletes it meanwhile;
- a reference that is changed is asked for likewise;
- what is referred to can be neither deleted nor given another key nor truncated away.

They are not deferred: what is referred to comes first. The role that the portal works as cannot switch them off.
"""

from collections.abc import Iterator
from typing import Any

import django.db.models.deletion
from django.db import migrations, models

REFERENCES = {
    "finding": {"connection_id": "connection", "check_ran_id": "check", "resource_id": "resource"},
    "findingspan": {"finding_id": "finding", "check_ran_id": "check"},
    "findingresource": {"finding_id": "finding", "resource_id": "resource"},
    "findingrecord": {"finding_id": "finding"},
}

REFUSE = """
        RAISE foreign_key_violation USING TABLE = 'findings_{child}', COLUMN = '{column}', MESSAGE =
            'findings_{child}.{column} refers to a row that is not in findings_{parent}';
"""
INSERTED = """
    IF (SELECT count(DISTINCT {column}) FROM told) > (
        WITH held AS (
            SELECT FROM findings_{parent} WHERE id = ANY(ARRAY(SELECT DISTINCT {column} FROM told)) FOR KEY SHARE
        ) SELECT count(*) FROM held
    ) THEN{refuse}    END IF;
"""
CHANGED = """
    IF NEW.{column} IS DISTINCT FROM OLD.{column} AND NEW.{column} IS NOT NULL THEN
        PERFORM FROM findings_{parent} WHERE id = NEW.{column} FOR KEY SHARE;
        IF NOT FOUND THEN{refuse}        END IF;
    END IF;
"""
LOST = """
    IF EXISTS (SELECT FROM findings_{child} WHERE {column} = OLD.id) THEN
        RAISE foreign_key_violation USING TABLE = 'findings_{parent}', MESSAGE =
            'findings_{child}.{column} still refers to a row of findings_{parent}';
    END IF;
"""
EMPTIED = """
    IF EXISTS (SELECT FROM findings_{child} WHERE {column} IS NOT NULL) THEN
        RAISE foreign_key_violation USING TABLE = 'findings_{parent}', MESSAGE =
            'findings_{child}.{column} still refers to rows of findings_{parent}';
    END IF;
"""
FUNCTION = """
CREATE FUNCTION findings_{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN{body}
    RETURN NULL;
END $$;
"""
OF_CHILD = """
CREATE TRIGGER parents_exist AFTER INSERT ON findings_{table} REFERENCING NEW TABLE AS told
    FOR EACH STATEMENT EXECUTE FUNCTION findings_{table}_told();
CREATE TRIGGER new_parents_exist AFTER UPDATE OF {columns} ON findings_{table}
    FOR EACH ROW WHEN (({new}) IS DISTINCT FROM ({old})) EXECUTE FUNCTION findings_{table}_changed();
"""
OF_PARENT = """
CREATE TRIGGER is_no_parent AFTER DELETE ON findings_{table}
    FOR EACH ROW EXECUTE FUNCTION findings_{table}_lost();
CREATE TRIGGER keeps_its_key AFTER UPDATE OF id ON findings_{table}
    FOR EACH ROW WHEN (NEW.id <> OLD.id) EXECUTE FUNCTION findings_{table}_lost();
CREATE TRIGGER has_no_children AFTER TRUNCATE ON findings_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION findings_{table}_emptied();
"""


def parents() -> dict[str, list[tuple[str, str]]]:
    """Table → what refers to it: table and column."""
    found: dict[str, list[tuple[str, str]]] = {}
    for child, columns in REFERENCES.items():
        for column, parent in columns.items():
            found.setdefault(parent, []).append((child, column))
    return found


def _names(child: str, column: str, parent: str) -> dict[str, str]:
    names = {"child": child, "column": column, "parent": parent}
    return {**names, "refuse": REFUSE.format(**names)}


def made() -> Iterator[str]:
    for child, references in REFERENCES.items():
        asked = [_names(child, column, parent) for column, parent in references.items()]
        yield FUNCTION.format(name=f"{child}_told", body="".join(INSERTED.format(**names) for names in asked))
        yield FUNCTION.format(name=f"{child}_changed", body="".join(CHANGED.format(**names) for names in asked))
        new, old = (", ".join(f"{row}.{column}" for column in references) for row in ("NEW", "OLD"))
        yield OF_CHILD.format(table=child, columns=", ".join(references), new=new, old=old)
    for parent, children in parents().items():
        asked = [_names(child, column, parent) for child, column in children]
        yield FUNCTION.format(name=f"{parent}_lost", body="".join(LOST.format(**names) for names in asked))
        yield FUNCTION.format(name=f"{parent}_emptied", body="".join(EMPTIED.format(**names) for names in asked))
        yield OF_PARENT.format(table=parent)


def unmade() -> Iterator[str]:
    for child in REFERENCES:
        yield f"DROP FUNCTION findings_{child}_told(), findings_{child}_changed() CASCADE"
    for parent in parents():
        yield f"DROP FUNCTION findings_{parent}_lost(), findings_{parent}_emptied() CASCADE"


def reference(model: str, name: str, **more: Any) -> migrations.AlterField:
    """The same field without PostgreSQL's own constraint."""
    field = models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, db_constraint=False, **more)
    return migrations.AlterField(model_name=model, name=name, field=field)


class Migration(migrations.Migration):
    dependencies = [("findings", "0021_words_are_sorted_in")]
    operations = [
        reference("finding", "connection", db_index=False, related_name="findings", to="findings.connection"),
        reference("finding", "check_ran", related_name="findings", to="findings.check"),
        reference("finding", "resource", db_index=False, null=True, related_name="+", to="findings.resource"),
        reference("findingspan", "finding", db_index=False, related_name="spans", to="findings.finding"),
        reference("findingspan", "check_ran", related_name="+", to="findings.check"),
        reference("findingresource", "finding", db_index=False, related_name="links", to="findings.finding"),
        reference("findingresource", "resource", related_name="links", to="findings.resource"),
        reference("findingrecord", "finding", db_index=False, related_name="records", to="findings.finding"),
        migrations.RunSQL("\n".join(made()), ";\n".join(unmade())),
    ]

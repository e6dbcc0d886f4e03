from __future__ import annotations

from typing import Any

import pgtrigger
import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.operations import AddField, CreateModel, RunPython
from django.db.migrations.state import ProjectState
from django.db.models import CASCADE, AutoField, CharField, ForeignKey, Model

from audit.migrating import rendering_what_changes

TABLES = [model for model in apps.get_models() if model._meta.managed and not model._meta.proxy]


def asked(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def as_postgresql_says(kind: str) -> str:
    return kind.replace("varchar", "character varying").replace(", ", ",")


@pytest.mark.django_db
@pytest.mark.parametrize("model", TABLES, ids=lambda model: model._meta.label)
def test_the_migrated_table_is_what_its_model_says(model: type[Model]) -> None:
    columns = asked(
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        f'"{model._meta.db_table}"',
    )
    assert sorted(columns) == sorted(
        (field.column, as_postgresql_says(str(field.db_type(connection))), not field.null)
        for field in model._meta.local_concrete_fields
    )
    named = {one.name for one in (*model._meta.constraints, *model._meta.indexes)}
    found = asked("SELECT conname FROM pg_constraint UNION SELECT relname FROM pg_class WHERE relkind IN ('i', 'I')")
    assert named - {name for (name,) in found} == set()


@pytest.mark.django_db
def test_each_trigger_of_a_model_is_there_as_the_model_has_it() -> None:
    states = {
        f"{model._meta.label}:{trigger.name}": trigger.get_installation_status(model)
        for model, trigger in pgtrigger.registered()
    }
    assert len(states) > 50
    assert {name: state for name, state in states.items() if state != (pgtrigger.core.INSTALLED, True)} == {}


@pytest.mark.django_db
def test_what_moves_rows_sees_every_model_as_it_is_by_then() -> None:
    seen = []

    def move(apps: Any, schema_editor: Any) -> None:
        person, risk = apps.get_model("probe", "Person"), apps.get_model("probe", "Risk")
        made = risk.objects.create(owner=person.objects.create(name="Ana"), title="Loss")
        seen.append((made.owner.name, person.objects.get(risks__title="Loss").risks.get() == made))

    key = ("id", AutoField(primary_key=True))
    owner = ForeignKey("probe.Person", CASCADE, related_name="risks", null=True)
    operations = [
        CreateModel("Person", [key]),
        RunPython(lambda apps, editor: apps.get_model("probe", "Person").objects.exists()),
        CreateModel("Risk", [key, ("owner", owner)]),
        AddField("Risk", "title", CharField(max_length=9, default="")),
        AddField("Person", "name", CharField(max_length=9, default="")),
        RunPython(move),
    ]
    state = ProjectState()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")  # until the test's transaction is undone
    with rendering_what_changes(), connection.schema_editor(atomic=False) as editor:
        for operation in operations:
            before = state.clone()
            operation.state_forwards("probe", state)
            operation.database_forwards("probe", editor, before, state)
    assert seen == [("Ana", True)]

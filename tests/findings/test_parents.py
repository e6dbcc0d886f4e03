"""The database refuses a row that refers to nothing, and the loss of what rows refer to, as foreign keys would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from tests.databases import Clone
from tests.factories.findings import FindingFactory, FindingRecordFactory

NOBODY = 987_654_321
REFERENCES = [
    ("finding", "connection_id", "connection"),
    ("finding", "check_ran_id", "check"),
    ("finding", "resource_id", "resource"),
    ("findingspan", "finding_id", "finding"),
    ("findingspan", "check_ran_id", "check"),
    ("findingresource", "finding_id", "finding"),
    ("findingresource", "resource_id", "resource"),
    ("findingrecord", "finding_id", "finding"),
]


@pytest.fixture
def held(db: None) -> None:
    """A finding with all that belongs to it, and the rights of the owner of the database."""
    FindingRecordFactory(finding=FindingFactory())
    execute("SET CONSTRAINTS ALL IMMEDIATE; RESET ROLE")


def execute(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def copy_of(table: str, column: str) -> str:
    """A statement that inserts every row of the table again, referring to another row."""
    with connection.cursor() as cursor:
        names = [field.name for field in connection.introspection.get_table_description(cursor, f"findings_{table}")]
    kept = [name for name in names if name not in ("id", column)]
    new = {"uid": "gen_random_uuid()", "valid_to": "valid_from + interval '1 day'"}
    columns = ", ".join([column, *kept])
    values = ", ".join(["%s", *(new.get(name, name) for name in kept)])
    return f"INSERT INTO findings_{table} ({columns}) SELECT {values} FROM findings_{table}"  # noqa: S608


@pytest.mark.parametrize(("table", "column", "parent"), REFERENCES)
@pytest.mark.usefixtures("held")
def test_a_row_that_refers_to_nothing_is_refused(table: str, column: str, parent: str) -> None:
    says = rf"findings_{table}\.{column} refers to a row that is not in findings_{parent}"
    with pytest.raises(IntegrityError, match=says):
        execute(copy_of(table, column), NOBODY)
    with pytest.raises(IntegrityError, match=says):
        execute(f"UPDATE findings_{table} SET {column} = %s", NOBODY)  # noqa: S608


@pytest.mark.parametrize("parent", ["connection", "check", "resource", "finding"])
@pytest.mark.usefixtures("held")
def test_what_rows_refer_to_can_be_neither_deleted_nor_renamed_nor_emptied(parent: str) -> None:
    for statement in (
        f"DELETE FROM findings_{parent}",  # noqa: S608
        f"UPDATE findings_{parent} SET id = id + 1000",  # noqa: S608
        f"TRUNCATE findings_{parent} CASCADE",
    ):
        with pytest.raises((IntegrityError, ProgrammingError)):  # the latter where what is append-only refers to it
            execute(statement)


@pytest.mark.usefixtures("held")
def test_a_finding_of_no_resource_may_be() -> None:
    execute("UPDATE findings_finding SET resource_id = NULL")


@pytest.fixture
def other(committed_database: Clone) -> Iterator[psycopg.Connection[Any]]:
    """Somebody else at the same database, who waits for nobody."""
    FindingFactory()
    with psycopg.connect(committed_database.environment["DATABASE_URL"], autocommit=True) as made:
        made.execute("SET lock_timeout = '200ms'")
        yield made


def test_what_a_row_under_way_refers_to_cannot_be_deleted_meanwhile(other: psycopg.Connection[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO findings_resource SELECT id + 1000, key || 2, type, native_id, name, account, region,"
            " tags, solutions, first_seen_at, in_inventory_at, gone_at FROM findings_resource RETURNING id"
        )
        (alone,) = cursor.fetchone()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO findings_findingresource (finding_id, resource_id) SELECT id, %s FROM findings_finding",
            [alone],
        )
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("DELETE FROM findings_resource WHERE id = %s", [alone])
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        other.execute("DELETE FROM findings_resource WHERE id = %s", [alone])


def test_what_is_being_deleted_cannot_be_referred_to(other: psycopg.Connection[Any]) -> None:
    with other.transaction():
        other.execute("DELETE FROM findings_findingresource")
        other.execute("UPDATE findings_finding SET resource_id = NULL")
        other.execute("DELETE FROM findings_resource")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        with pytest.raises(Exception, match="lock timeout"):
            execute(
                "INSERT INTO findings_findingresource (finding_id, resource_id) SELECT f.id, r.id"
                " FROM findings_finding f, findings_resource r"
            )

"""Rows out of the database and into it: by COPY, as text, each table hashed in the order of its key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zstandard
from django.db import connection
from psycopg import sql

from evidence.backups.manifest import CannotRestore, Table

LEFT_OUT = ("audit_edition", "django_session", "usersessions_usersession")
"""Log-ins end with the server that they were made at, and what moves caches belongs to its transactions."""
AS_WRITTEN = (
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL IntervalStyle = 'iso_8601'",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL extra_float_digits = 1",
)
BLOCK = 1024 * 1024


def as_written() -> None:
    """From here to the end of the transaction, the same value is the same text everywhere."""
    for statement in AS_WRITTEN:
        connection.cursor().execute(statement)


def names() -> list[str]:
    """Every table of the portal."""
    found = _asked(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
    )
    return [str(name) for (name,) in found]


def sequences() -> dict[str, tuple[int, bool]]:
    found = _asked("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY sequencename")
    return {name: _last(name) for (name,) in found}


def set_sequences(wanted: dict[str, tuple[int, bool]]) -> None:
    with connection.cursor() as cursor:
        for name, (last, given) in wanted.items():
            cursor.execute("SELECT setval(quote_ident(%s)::regclass, %s, %s)", [name, last, given])


def migrations() -> list[str]:
    return [f"{app}.{name}" for app, name in _asked("SELECT app, name FROM django_migrations ORDER BY app, name")]


def described(name: str, file: Path | None = None) -> Table:
    """What stands in a table now; its rows also go to `file`, compressed."""
    columns = _columns(name)
    statement = sql.SQL("COPY (SELECT {columns} FROM {table} ORDER BY {key}) TO STDOUT").format(
        columns=_named(columns), table=sql.Identifier(name), key=_named(_key(name) or columns)
    )
    digest, rows = hashlib.sha256(), 0
    with connection.cursor() as cursor, _into(file) as write:
        raw: Any = cursor.cursor  # psycopg's own
        with raw.copy(statement) as copy:
            for block in copy:
                digest.update(block)
                rows += bytes(block).count(b"\n")
                write(block)
    return Table(columns, rows, digest.hexdigest())


def load(name: str, table: Table, file: Path) -> None:
    statement = sql.SQL("COPY {table} ({columns}) FROM STDIN").format(
        table=sql.Identifier(name), columns=_named(table.columns)
    )
    with connection.cursor() as cursor:
        raw: Any = cursor.cursor
        with raw.copy(statement) as copy:
            for block in blocks(file):
                copy.write(block)


def blocks(file: Path) -> Iterator[bytes]:
    """What `described` wrote. Raises CannotRestore."""
    try:
        with file.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as reader:
            while block := reader.read(BLOCK):
                yield block
    except (OSError, zstandard.ZstdError) as error:
        raise CannotRestore(f"{file} cannot be read: {error}.") from error


@contextmanager
def without_rules(tables: list[str]) -> Iterator[None]:
    """As the owner, who can: no trigger of the portal fires in this block. References are checked at its end."""
    with connection.cursor() as cursor:
        _triggers(cursor, tables, "DISABLE")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _triggers(cursor, tables, "ENABLE")


def empty(tables: list[str]) -> None:
    """What migrations wrote of their own."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("TRUNCATE {}").format(_named(tables)).as_string())


def _triggers(cursor: Any, tables: list[str], what: str) -> None:
    for name in tables:
        statement = sql.SQL("ALTER TABLE {} {} TRIGGER USER").format(sql.Identifier(name), sql.SQL(what))
        cursor.execute(statement.as_string())


@contextmanager
def _into(file: Path | None) -> Iterator[Callable[[bytes], Any]]:
    if file is None:
        yield lambda block: None
        return
    with file.open("wb") as packed, zstandard.ZstdCompressor().stream_writer(packed) as writer:
        yield writer.write


def _columns(table: str) -> list[str]:
    found = _asked(
        "SELECT attname FROM pg_attribute WHERE attrelid = quote_ident(%s)::regclass AND attnum > 0 "
        "AND NOT attisdropped AND attgenerated = '' ORDER BY attname",
        table,
    )
    return [name for (name,) in found]


def _key(table: str) -> list[str]:
    found = _asked(
        "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) "
        "WHERE i.indrelid = quote_ident(%s)::regclass AND i.indisprimary ORDER BY a.attname",
        table,
    )
    return [name for (name,) in found]


def _last(sequence: str) -> tuple[int, bool]:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(sequence)).as_string())
        last, given = cursor.fetchone()
        return int(last), bool(given)


def _named(names: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _asked(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))
        return list(cursor.fetchall())

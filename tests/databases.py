"""Databases that a test may commit to: each a clone of the migrated one, gone when the test ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection
from psycopg import sql

_numbers = count(1)


@dataclass(frozen=True)
class Clone:
    """environment: what another process (a worker, manage.py) needs to work on this database too."""

    name: str
    environment: dict[str, str]


@contextmanager
def cloned() -> Iterator[Clone]:
    """Work on a clone of the test database until the block ends."""
    with a_clone() as clone, working_on(clone):
        yield clone


@contextmanager
def a_clone() -> Iterator[Clone]:
    """A clone that exists until the block ends, beside the database that tests work on."""
    original = str(connection.settings_dict["NAME"])
    name = f"{original}_clone_{next(_numbers)}"
    connection.close()
    _on_server(sql.SQL("DROP DATABASE IF EXISTS {}"), name)  # of a run that was killed
    _on_server(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY"), name, original)
    try:
        yield Clone(name, {**os.environ, "DATABASE_URL": _url(name), "REDIS_URL": settings.REDIS_URL})
    finally:
        _drop(name)


@contextmanager
def working_on(clone: Clone) -> Iterator[None]:
    """Point the default connection at the clone until the block ends."""
    original = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = clone.name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = original


def _drop(name: str) -> None:
    """End our sessions on this database and drop it.

    WITH (FORCE) would be refused while an autovacuum worker, which is not ours to end, is in it;
    without it PostgreSQL itself sends that worker away.
    """
    with connection._nodb_cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = session_user",
            [name],
        )
    _on_server(sql.SQL("DROP DATABASE {}"), name)


def _on_server(statement: sql.SQL, *databases: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement.format(*map(sql.Identifier, databases)).as_string())


def _url(name: str) -> str:
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))

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
    """Point the default connection at a clone of the test database until the block ends."""
    original = str(connection.settings_dict["NAME"])
    clone = f"{original}_clone_{next(_numbers)}"
    connection.close()
    _on_server(sql.SQL("CREATE DATABASE {} TEMPLATE {}"), clone, original)
    connection.settings_dict["NAME"] = clone
    try:
        yield Clone(clone, {**os.environ, "DATABASE_URL": _url(clone), "REDIS_URL": settings.REDIS_URL})
    finally:
        connection.close()
        connection.settings_dict["NAME"] = original
        _on_server(sql.SQL("DROP DATABASE {} WITH (FORCE)"), clone)


def _on_server(statement: sql.SQL, *databases: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement.format(*map(sql.Identifier, databases)).as_string())


def _url(name: str) -> str:
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))

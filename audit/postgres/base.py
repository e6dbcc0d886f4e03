"""Django's PostgreSQL backend, working as the application's role.

DATABASE_URL may name the owner of the database: every connection then takes on the role of
the application, which can change neither the trail nor evidence, unless it is made inside
`owner_rights()` (migrations, and making a test database). Where DATABASE_URL names a log-in
that is the application's role already, nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from psycopg import errors, sql

_as_owner = False


@contextmanager
def owner_rights() -> Iterator[None]:
    """Connections opened in this block keep the rights of DATABASE_URL's own user."""
    global _as_owner
    before, _as_owner = _as_owner, True
    try:
        yield
    finally:
        _as_owner = before


class DatabaseWrapper(base.DatabaseWrapper):
    def init_connection_state(self) -> None:
        super().init_connection_state()
        if not _as_owner:
            self._become_application()

    def _become_application(self) -> None:
        role = settings.DATABASE_APPLICATION_ROLE
        statement = sql.SQL("SET ROLE {}").format(sql.Identifier(role))
        try:
            self.connection.execute(statement)
        except (errors.InvalidParameterValue, errors.UndefinedObject) as error:
            message = f'The database has no role "{role}" yet. Run `manage.py migrate` first.'
            raise errors.OperationalError(message) from error
        if not self.get_autocommit():
            self.connection.commit()

    @contextmanager
    def _nodb_cursor(self) -> Iterator[Any]:
        with owner_rights(), super()._nodb_cursor() as cursor:
            yield cursor

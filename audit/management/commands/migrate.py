from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from audit.migrating import rendering_what_changes
from audit.postgres.base import owner_rights


class Command(migrate.Command):
    """Django's migrate and its checks, with the rights of the database's owner, and faster."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        connection = connections[options["database"]]
        connection.close()
        with owner_rights(), rendering_what_changes():
            result: str | None = super().execute(*args, **options)
        connection.close()
        return result

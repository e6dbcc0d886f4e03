from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from audit.postgres.base import owner_rights


class Command(migrate.Command):
    """Django's migrate, with the rights of the database's owner."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        connection = connections[options["database"]]
        connection.close()
        with owner_rights():
            result = super().handle(*args, **options)
        connection.close()
        return result

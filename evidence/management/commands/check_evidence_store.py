from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evidence.store_checks import problems


class Command(BaseCommand):
    help = "Ask the store of evidence whether it keeps what it is given: versioning and Object Lock of a bucket."

    def handle(self, *args: Any, **options: Any) -> None:
        if found := problems():
            raise CommandError("\n".join(found))
        self.stdout.write("The store of evidence keeps what it is given.")

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from evidence import trail_heads


class Command(BaseCommand):
    help = "Sign where the trail stands now and keep that in the storage of evidence, beside the daily heads."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = trail_heads.keep()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        if made is None:
            raise CommandError("Nothing is in the trail yet.")
        self.stdout.write(f"{made.public_id}: position {made.position}, digest {made.digest}, kept as {made.stored_as}")

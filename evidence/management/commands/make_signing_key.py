from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from evidence import signing


class Command(BaseCommand):
    help = "Make the key that packs and heads of the trail are signed with, and print its fingerprint."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", default=settings.SIGNING_KEY_FILE, help="default: SIGNING_KEY_FILE")

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        if not file:
            raise CommandError("Say where to, or set SIGNING_KEY_FILE.")
        try:
            signing.make_key(Path(file))
        except FileExistsError as error:
            raise CommandError(f"{file} is there already; a key is never overwritten.") from error
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stdout.write(signing.fingerprint(signing.public_pem(file)))

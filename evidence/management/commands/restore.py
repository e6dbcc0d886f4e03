from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from evidence.backups import restoring
from evidence.backups.manifest import CannotRestore


class Command(BaseCommand):
    help = "Put a backup into an empty database and store, then verify trail, heads and evidence; 1 where any differs."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            manifest = restoring.restore(folder)
        except CannotRestore as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{manifest.rows:,} rows of {manifest.taken_at} are back, every table as its hash says.")
        said = [self._verified(name) for name in self._checks(manifest.files is not None)]
        if failed := [words for words in said if words]:
            raise CommandError("\n".join(failed))

    def _checks(self, with_files: bool) -> list[str]:
        return ["verify_trail", "verify_trail_heads", "verify_evidence"] if with_files else ["verify_trail"]

    def _verified(self, command: str) -> str:
        """What differs; "" where nothing does."""
        try:
            call_command(command, stdout=self.stdout)
        except CommandError as error:
            return str(error)
        return ""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evidence.backups import taking


class Command(BaseCommand):
    help = "Write every row of this moment and every file of the store of evidence into a new folder."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--without-files", action="store_true", help="the store is backed up by other means, e.g. as a bucket"
        )

    def handle(self, *args: Any, folder: Path, without_files: bool, **options: Any) -> None:
        try:
            manifest, sha256 = taking.take(folder, with_files=not without_files)
        except taking.CannotTake as error:
            raise CommandError(str(error)) from error
        kept = "without files" if manifest.files is None else f"{len(manifest.files)} files"
        self.stdout.write(f"{len(manifest.tables)} tables, {manifest.rows:,} rows, {kept}. SHA-256 of manifest.json:")
        self.stdout.write(sha256)

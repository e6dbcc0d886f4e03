from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evidence import trail_heads
from evidence.head_verification import verify_copies


class Command(BaseCommand):
    help = "Hold every signed head against the trail; ends with 1 and names what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files", nargs="*", type=Path, help="heads kept elsewhere, e.g. saved e-mails; default: all"
        )

    def handle(self, *args: Any, files: list[Path], **options: Any) -> None:
        try:
            copies = [(str(file), file.read_text(errors="replace")) for file in files]
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be read: {error.strerror}.") from error
        found = verify_copies(copies) if copies else trail_heads.verify_and_tell("evidence")
        for remark in found.remarks:
            self.stdout.write(f"Note: {remark}")
        if not found.holds:
            raise CommandError("\n".join(str(problem) for problem in found.problems))
        self.stdout.write(f"{found.heads} heads hold.")

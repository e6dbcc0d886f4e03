from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from controls.imports import content, running
from controls.imports.refusals import Refused, refused


class Command(BaseCommand):
    help = (
        "Import frameworks and conformance packs: OSCAL catalogs and profiles (JSON), conformance packs (YAML), "
        "NZISM's XML, the spreadsheet template (XLSX, CSV). Each file whole or not at all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        parser.add_argument("--framework", default="", help="key of the framework; without it the file's title tells")
        parser.add_argument("--name", default="", help="name of a framework that is not known yet")
        parser.add_argument("--version-label", default="", help="version of the framework, where the file does not say")
        parser.add_argument("--published-on", default="", metavar="YYYY-MM-DD")
        parser.add_argument("--make-current", action="store_true", help="work with this version from now on")

    def handle(self, *args: Any, files: list[Path], dry_run: bool, **options: Any) -> None:
        asked = {
            "framework": options["framework"],
            "name": options["name"],
            "version": options["version_label"],
            "published_on": options["published_on"],
            "make_current": options["make_current"],
        }
        wrong = 0
        for path in files:
            try:
                plan = running.at_once(
                    self._read(path), name=path.name, asked=asked, by="import_framework", dry_run=dry_run
                )
            except Refused as no:
                wrong += 1
                for problem in no.problems:
                    place = f", {problem.place}" if problem.place else ""
                    self.stderr.write(f"{path}{place}: {problem.reason}")
                continue
            self.stdout.write(f"{path}: {plan.headline}: {self._words(plan, dry_run)}")
        if wrong:
            raise CommandError(f"{wrong} of {len(files)} files refused; nothing of them was taken in.")

    def _read(self, path: Path) -> bytes:
        """No more than is needed to see that it is too large."""
        try:
            with path.open("rb") as file:
                return file.read(content.MOST_BYTES + 1)
        except OSError as error:
            raise refused(f"It cannot be read: {error.strerror}.") from error

    def _words(self, plan: running.Plan, dry_run: bool) -> str:
        if plan.difference.is_empty:
            return "nothing to change"
        counts = plan.difference.counts
        done = "would be" if dry_run else "are"
        return (
            f"{counts['added']:,} {done} added, {counts['changed']:,} changed, "
            f"{counts['withdrawn']:,} withdrawn, {counts['unchanged']:,} stay as they were"
        )

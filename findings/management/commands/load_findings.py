from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from findings.finding_files import FindingFile
from findings.loading import CannotLoad, Loader, load, the_only_connection
from findings.models import Connection, SetAside, SyncRun

LINE_EVERY = 5.0
"""Seconds between two lines where the output is no terminal."""
BAR = 30
REASONS = 5
"""How many of the records set aside are named."""


class Command(BaseCommand):
    help = (
        "Take in exported Security Hub findings (ASFF): a JSON array, JSON lines or answers of GetFindings, also"
        " compressed with gzip. Records are merged as the sync merges them; nothing ends because no file lists it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="A path, s3://bucket/key, or - (standard input).")
        parser.add_argument(
            "--connection",
            help="Its name. Without it the only one, or one made for files where there is none.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self._began = time.monotonic()
        self._told_at = 0.0
        try:
            named = _named(options["connection"]) if options["connection"] else the_only_connection()
            run, broken = load(named, options["files"], by=Loader("manage.py load_findings"), tell=self._tell)
        except CannotLoad as error:
            raise CommandError(str(error)) from error
        if run is not None:
            self._conclude(run)
        elif not broken:
            self.stdout.write("The files hold no record.")
        if broken:
            raise CommandError("\n".join([*map(str, broken), "What was read before that is kept."]))

    def _tell(self, file: FindingFile, run: SyncRun) -> None:
        """One line that changes on a terminal, elsewhere a line now and then."""
        now, on_terminal = time.monotonic(), self.stdout.isatty()
        if not on_terminal and now - self._told_at < LINE_EVERY:
            return
        self._told_at = now
        rate = run.read / max(now - self._began, 0.001)
        line = f"{_bar(file)}{file.name}: {run.read:,} findings, {rate:,.0f} a second"
        self.stdout.write(f"\r\x1b[K{line}" if on_terminal else line, ending="" if on_terminal else "\n")
        self.stdout.flush()

    def _conclude(self, run: SyncRun) -> None:
        if self.stdout.isatty():
            self.stdout.write("")
        self.stdout.write(
            f"{run.scope.connection}: {run.read:,} read, {run.added:,} new, {run.changed:,} changed,"
            f" {run.set_aside:,} set aside"
        )
        if run.set_aside:
            kept = SetAside.objects.filter(scope=run.scope, last_at__gte=run.started_at).order_by("pk")
            for row in kept[:REASONS]:
                self.stderr.write(f"Set aside: {row.reason}")
            if run.set_aside > REASONS:
                self.stderr.write(f"The connection's page lists all {run.set_aside:,}.")


def _named(name: str) -> Connection:
    found = Connection.objects.filter(name=name).first()
    if found is None:
        raise CommandError(f"There is no connection named {name}.")
    return found


def _bar(file: FindingFile) -> str:
    if not file.size:
        return ""
    filled = min(BAR, BAR * file.position // file.size)
    return f"[{'#' * filled}{'.' * (BAR - filled)}] {100 * filled // BAR:3} % "

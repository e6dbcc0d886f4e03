from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from desk.models import Job
from findings import sync, sync_jobs, tasks
from findings.models import Connection
from findings.sync_jobs import connections_of, in_trouble, kind_of

LOOK_EVERY = 0.25
"""Seconds."""
BUSY_AGAIN_AFTER = 1.0
BAR = 30


class Command(BaseCommand):
    help = "Read AWS: what changed since the last time, or everything. Names what could not be read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--connection", help="Its name; without it all enabled connections are read.")
        parser.add_argument("--full", action="store_true", help="A complete sweep, after looking for accounts.")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--wait", action="store_true", help="Wait for the workers, and say how far they are.")
        how.add_argument("--inline", action="store_true", help="In this process, without workers.")
        parser.add_argument("--force", action="store_true", help="End what vanished, however much it is (--inline).")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["force"] and not options["inline"]:
            raise CommandError("--force goes with --inline only.")
        connections = Connection.objects.filter(enabled=True)
        if options["connection"]:
            connections = connections.filter(name=options["connection"])
        if not connections:
            raise CommandError("There is no such enabled connection; make one with `manage.py connect`.")
        job = sync_jobs.requested(list(connections), full=options["full"])
        if options["inline"]:
            self._run(job, force=options["force"])
        else:
            tasks.begin_sync.delay(job.pk)
        if options["wait"]:
            self._wait(job)
        if options["wait"] or options["inline"]:
            self._conclude(job)
        else:
            self.stdout.write(f"{job.public_id} is with the workers.")

    def _run(self, job: Job, *, force: bool) -> None:
        for scope in sync_jobs.begin(job):
            while (run := sync.run(scope.pk, kind_of(job), job.pk, force=force)) is None or run.state == run.State.LEFT:
                if not sync_jobs.still_wanted(job.pk, scope.pk):
                    break
                due_in = sync.seconds_until_due(scope.pk) if run else 0.0
                time.sleep(max(BUSY_AGAIN_AFTER, due_in))
            if run is not None:
                self.stdout.write(
                    f"{scope}: {run.get_state_display()}, {run.read:,} read, {run.added:,} new,"
                    f" {run.changed:,} changed, {run.gone:,} gone, {run.set_aside:,} set aside"
                )

    def _wait(self, job: Job) -> None:
        """Follow the job: one line that changes on a terminal, a line per change elsewhere."""
        shown, on_terminal = "", self.stdout.isatty()
        while not job.is_finished:
            time.sleep(LOOK_EVERY)
            job.refresh_from_db()
            line = f"{self._bar(job)} {job.step}"
            if line != shown:
                self.stdout.write(f"\r\x1b[K{line}" if on_terminal else line, ending="" if on_terminal else "\n")
                self.stdout.flush()
                shown = line
        if on_terminal:
            self.stdout.write("")

    def _bar(self, job: Job) -> str:
        if job.per_cent is None:
            return "…"
        filled = BAR * job.per_cent // 100
        return f"[{'#' * filled}{'.' * (BAR - filled)}] {job.per_cent:3} %"

    def _conclude(self, job: Job) -> None:
        job.refresh_from_db()
        gaps = in_trouble(connections_of(job))
        reasons: dict[tuple[str, str], list[str]] = {}
        for scope in gaps:
            reasons.setdefault((scope.get_state_display(), scope.reason), []).append(str(scope))
        for (state, reason), places in reasons.items():
            self.stderr.write(f"{state}. {reason}".strip())
            self.stderr.write("\n".join(f"  {place}" for place in places))
        if gaps or job.state == Job.State.FAILED:
            raise CommandError(job.step)
        self.stdout.write(job.step)

"""The readings that a figure rests on: of each source, the last that had ended when it was known."""

from __future__ import annotations

from audit.moment import Moment
from findings.models import SyncRun


def latest_runs(moment: Moment) -> dict[str, SyncRun]:
    """Source → its latest reading without an error that had ended at `moment.known_at`. One query."""
    done = SyncRun.objects.filter(state=SyncRun.State.DONE, finished_at__lte=moment.known_at)
    latest = done.select_related("scope__connection").order_by("scope__source", "-finished_at", "-id")
    return {run.scope.source: run for run in latest.distinct("scope__source")}

"""Reading Security Hub: windows of UpdatedAt, stored together with the cursor that they have reached."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

from botocore.exceptions import BotoCoreError, ClientError
from django.utils.translation import gettext as _

from findings import aws, posture
from findings.aws import Service
from findings.aws_errors import EndlessPages, NoWayIn, unreadable
from findings.connectors import security_hub
from findings.connectors.security_hub import BEGINNING, Window
from findings.copies import places_of_config
from findings.merge import merge_checks
from findings.merging import merging
from findings.models import CoverageState, FindingSpan, Scope, Source, Workflow
from findings.parallel import in_parallel
from findings.reading import CHUNK, Place, Reached, Reading, Row, latest_evaluations
from findings.staging import StagedFinding
from findings.windows import Windows

OVERLAP = timedelta(minutes=30)
PACED_CHUNK = 500
"""Rows that are merged at once where AWS's rates make us wait anyway, so that the last page finds little left."""
HANDLED_AT_MOST = 2_000
"""Findings notified about or suppressed that a run between sweeps reads again."""


def read(reading: Reading) -> dict[Place, datetime]:
    """Read the scope, everything or what changed. Returns AWS's latest evaluation by place."""
    scope = reading.scope
    hub = Service(reading.connection, "securityhub", scope.region, scope.account)
    security_hub.describe(hub)
    covered = places_of_config(reading.connection)
    waiting = _read_windows(reading, hub, covered)
    if reading.sweep is None:
        waiting += _read_handled(reading, hub, covered)
    reading.finish(waiting)
    return latest_evaluations(reading)


def _read_windows(reading: Reading, hub: Service, covered: set[Place]) -> list[Row]:
    """Merge everything but a rest, which is returned. Findings are on their way while the catalogue is read."""
    waiting: list[Row] = []
    periods = windows(None if reading.sweep else reading.scope.cursor, reading.since)
    reading_ahead = Windows(hub, later_than(reading.run.reached, periods), covered_by_config=covered)
    with reading_ahead as reader, merging(reading) as merged:
        if reading.sweep is not None:
            _read_catalogue(reading, hub)
        for rows in reader:
            waiting += rows
            if len(waiting) >= (PACED_CHUNK if reading.asker.waited else CHUNK):
                cursor = reader.reached
                reached = Reached(cursor.isoformat(), reader.share) if cursor else None
                merged.give(waiting, partial(reading.merge, cursor=cursor, reached=reached))
                waiting = []
    return waiting


def later_than(reached: str, periods: list[Window]) -> list[Window]:
    """What remains of the periods where a sweep has come so far."""
    if not reached:
        return periods
    since = datetime.fromisoformat(reached)
    return [
        Window(max(period.start, since), period.end) for period in periods if period.end is None or period.end >= since
    ]


def windows(cursor: datetime | None, start: datetime) -> list[Window]:
    """Windows from the cursor to the start of the run; of everything, finer towards the present.

    Security Hub evaluates most of its controls again within a day, so that day is cut into hours.
    A sweep ends with an open window: what was updated while it read is not taken for vanished.
    """
    edges = [start]
    if cursor is not None:
        earliest = cursor - OVERLAP
        while edges[-1] - timedelta(days=1) > earliest:
            edges.append(edges[-1] - timedelta(days=1))
        edges.append(earliest)
    else:
        for step, until in ((1, 24), (24, 7 * 24), (7 * 24, 91 * 24)):
            while edges[-1] > start - timedelta(hours=until):
                edges.append(edges[-1] - timedelta(hours=step))
        edges.append(BEGINNING)
    edges.reverse()
    found = [Window(first, last) for first, last in pairwise(edges)]
    return found if cursor is not None else [*found, Window(start - OVERLAP, None)]


def _read_handled(reading: Reading, hub: Service, covered: set[Place]) -> list[Row]:
    """What people notified about, suppressed or took up again: AWS does not move UpdatedAt for that.

    Where so much is handled that reading it again would take long, it waits for the next sweep.
    """
    held = set(
        FindingSpan.objects.filter(
            valid_to=None,
            superseded_at=None,
            workflow__in=[Workflow.NOTIFIED, Workflow.SUPPRESSED],
            finding__connection=reading.connection,
            finding__source=Source.SECURITY_HUB,
            **place_filter(reading.scope),
        ).values_list("finding__native_id", flat=True)[: HANDLED_AT_MOST + 1]
    )
    if len(held) > HANDLED_AT_MOST:
        return []
    rows = list(security_hub.findings_handled(hub, covered_by_config=covered))
    listed = {row.native_id for row in rows if isinstance(row, StagedFinding)}
    again = security_hub.findings_by_id(hub, held - listed, covered_by_config=covered)
    return rows + list(again)


def place_filter(scope: Scope) -> dict[str, str]:
    """Lookups for the findings of a scope that reads for itself alone; none for one that covers others."""
    if scope.covers.exists():
        return {}
    return {"account": scope.account, "region": scope.region}


def _read_catalogue(reading: Reading, hub: Service) -> None:
    """Controls and how many of them run where. Without it findings can be read still, with less said of them."""
    try:
        checks = security_hub.catalogue(hub)
    except (ClientError, BotoCoreError, EndlessPages) as error:
        reading.remarks.append(
            _("The control catalogue could not be read. %(words)s") % {"words": unreadable(error).words}
        )
        return
    with reading.transaction() as at:
        posture.refresh(merge_checks(checks, at=at))
    controls = [check.key for check in checks]
    covered = [reading.scope, *reading.scope.covers.filter(retired_at=None)]
    enterable = [row for row in covered if row.state != CoverageState.DISABLED]
    answers = in_parallel(lambda row: _enabled(reading, row, controls), enterable)
    for scope, enabled in zip(enterable, answers, strict=True):
        scope.checks_enabled = enabled
    with reading.lease.held():
        Scope.objects.bulk_update(enterable, ["checks_enabled"])


def _enabled(reading: Reading, scope: Scope, controls: list[str]) -> int | None:
    """How many controls run in a place; None where we may not ask."""
    service = aws.member(reading.connection, scope.account, "securityhub", scope.region)
    try:
        return security_hub.controls_enabled(service, controls)
    except (ClientError, BotoCoreError, NoWayIn):
        return None

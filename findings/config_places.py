"""What Config's places are worth: do they record, does the aggregator reach them, when were they last evaluated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit import clock
from findings import aws
from findings.aws_errors import OFF, NoWayIn, Unreadable, unreadable
from findings.connectors import config
from findings.connectors.config import Aggregated, Cell
from findings.models import CoverageState, Scope
from findings.parallel import in_parallel
from findings.reading import Place, Reading, latest_evaluations

NO_RECORDER = OFF["NoAvailableConfigurationRecorderException"]


@dataclass
class Outcome:
    """What a reading of Config leaves for coverage."""

    evaluated: dict[Place, datetime] = field(default_factory=dict)
    not_read: dict[Place, Unreadable] = field(default_factory=dict)


def look_at_recorders(
    reading: Reading, places: list[Scope], sources: Mapping[Place, Aggregated], *, all_of_them: bool
) -> None:
    """Ask the recorders what they record: all of them, or those that did not or that the aggregator doubts.

    Raises ClientError for the scope's own place; that another place refuses is kept with it.
    """
    asked = [
        row
        for row in places
        if all_of_them
        or row.recording.get("recording") is not True
        or (source := sources.get((row.account, row.region))) is None
        or source.status != "SUCCEEDED"
    ]
    for row, recording in zip(asked, in_parallel(lambda row: _recording(reading, row), asked), strict=True):
        row.recording = recording
    with reading.lease.held():
        Scope.objects.bulk_update(asked, ["recording"])


def _recording(reading: Reading, place: Scope) -> dict[str, Any]:
    service = aws.member(reading.connection, place.account, "config", place.region)
    try:
        return config.recording(service)
    except (ClientError, BotoCoreError, NoWayIn) as error:
        if place.pk == reading.scope.pk:
            raise
        return {
            "unknown": _("Its recorder and its rules without results are not seen. %(words)s")
            % {"words": unreadable(error).words}
        }


def count_rules(reading: Reading, places: list[Scope], cells: Collection[Cell]) -> None:
    """How many rules run in each place."""
    counts = Counter(cell[:2] for cell in cells)
    for row in places:
        row.checks_enabled = counts[row.account, row.region]
    with reading.lease.held():
        Scope.objects.bulk_update(places, ["checks_enabled"])


def outcome(reading: Reading, places: list[Scope], sources: Mapping[Place, Aggregated]) -> Outcome:
    """The latest evaluations, and the places for which the reading cannot answer."""
    found = Outcome(evaluated=latest_evaluations(reading))
    for row in places:
        place = (row.account, row.region)
        if why := _unanswered(row, sources.get(place)):
            found.not_read[place] = why
    asked = [row for row in places if _seems_old(row, found)]
    for row, moment in zip(asked, in_parallel(lambda row: _last_evaluated(reading, row), asked), strict=True):
        place = (row.account, row.region)
        moment = moment or (sources[place].updated_at if place in sources else None)
        if moment is not None:
            found.evaluated[place] = max(moment, found.evaluated.get(place, moment))
    return found


def _unanswered(place: Scope, source: Aggregated | None) -> Unreadable | None:
    if place.recording.get("recorder") is False:
        return Unreadable(CoverageState.DISABLED, str(NO_RECORDER))
    if source is None or place.recording.get("recording") is False:
        return None
    if source.status == "FAILED":
        return Unreadable(
            CoverageState.FAILED,
            " ".join(
                filter(None, [_("The Config aggregator could not read it."), source.error, _("Authorise it there.")])
            ),
        )
    if source.status == "OUTDATED":
        words = _("The Config aggregator's copy of it is out of date. Look at its recorder.")
        if source.updated_at:
            words = _("The Config aggregator's copy of it is out of date since %(day)s. Look at its recorder.") % {
                "day": date_format(source.updated_at, "d F Y")
            }
        return Unreadable(CoverageState.STALE, words)
    return None


def _seems_old(place: Scope, found: Outcome) -> bool:
    """Before a place is called stale for want of changes, Config is asked when it evaluated there last."""
    key = (place.account, place.region)
    if key in found.not_read or place.recording.get("recording") is False:
        return False
    latest = found.evaluated.get(key)
    return latest is not None and latest < clock.now() - timedelta(hours=settings.STALE_AFTER_HOURS)


def _last_evaluated(reading: Reading, place: Scope) -> datetime | None:
    service = aws.member(reading.connection, place.account, "config", place.region)
    try:
        return config.last_evaluated(service)
    except (ClientError, BotoCoreError, NoWayIn):
        return None

"""The provider's part of a requirement: which reports show it, for which service and Region, and until when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, TextChoices
from django.utils.translation import gettext_lazy as _

from controls.models import Area, ComplementaryAnswer, GapLetter, ProviderReport, Reading
from controls.models.provider_report import LAST


class Shown(TextChoices):
    """How far reports show what the provider does. Never a pass: it stands beside the monitoring status."""

    SHOWN = "shown", _("Shown by a report")
    EXCEPTIONS = "exceptions", _("Shown, with exceptions")
    PARTLY = "partly", _("Partly shown")
    UNREAD = "unread", _("Report not read yet")
    STALE = "stale", _("Report ended")
    ASKED = "asked", _("Report asked for")


@dataclass(frozen=True)
class Report:
    """A report as it stood at a moment. until: the end of its period, or of the latest gap letter known then."""

    row: ProviderReport
    at: datetime
    services: frozenset[int]
    reading: Reading | None
    gap_letter: GapLetter | None

    @property
    def until(self) -> datetime:
        return max(self.row.period_to, self.gap_letter.until) if self.gap_letter else self.row.period_to

    @property
    def until_day(self) -> datetime:
        """A moment in the last day for which it speaks."""
        return self.until - LAST

    @property
    def is_in_force(self) -> bool:
        return self.row.period_from <= self.at < self.until

    @property
    def is_bridged(self) -> bool:
        """Whether a gap letter alone carries it now."""
        return self.is_in_force and self.at >= self.row.period_to

    @property
    def has_ended(self) -> bool:
        return self.at >= self.until

    @property
    def state(self) -> Shown:
        """How far it shows what it covers."""
        if self.has_ended:
            return Shown.STALE
        if not self.is_in_force:
            return Shown.ASKED
        if self.reading is None:
            return Shown.UNREAD
        return Shown.EXCEPTIONS if self.reading.exceptions else Shown.SHOWN

    def covers(self, service: int, area: str, region: str | None, framework: int | None) -> bool:
        """region: None asks for any. framework: of the requirement; None asks of none in particular."""
        of_framework = self.row.framework_id is None or self.row.framework_id == framework
        in_region = region is None or self.row.every_region or region in self.row.regions
        return of_framework and service in self.services and area in self.row.areas and in_region


def reports_at(at: datetime) -> list[Report]:
    """Every report that was recorded at a moment, with what was known of it. Four queries."""
    rows = ProviderReport.objects.recorded(at).order_by("-period_to", "pk").select_related("framework")
    readings = Reading.objects.filter(read_at__lte=at).select_related("read_by")
    letters = GapLetter.objects.filter(recorded_at__lte=at).select_related("recorded_by")
    known = rows.prefetch_related(
        "services",
        Prefetch("readings", readings, to_attr="read_then"),
        Prefetch("gap_letters", letters, to_attr="letters_then"),
    )
    return [
        Report(
            row=row,
            at=at,
            services=frozenset(one.pk for one in row.services.all()),
            reading=next(iter(row.read_then), None),  # type: ignore[attr-defined]
            gap_letter=next(iter(row.letters_then), None),  # type: ignore[attr-defined]
        )
        for row in known
    ]


@dataclass(frozen=True)
class ProviderPart:
    """missing: (area, Region) without a report in force that was read. until_day: the last one of the first to end."""

    state: Shown
    reports: Sequence[Report] = ()
    missing: Sequence[tuple[str, str | None]] = field(default=())

    @property
    def until_day(self) -> datetime | None:
        good = [one.until_day for one in self.reports if one.state in (Shown.SHOWN, Shown.EXCEPTIONS)]
        return min(good, default=None)

    @property
    def missing_words(self) -> str:
        return ", ".join(
            f"{Area(area).label} ({region})" if region else str(Area(area).label) for area, region in self.missing
        )


def provider_part(
    areas: Collection[str], service: int, regions: Iterable[str], reports: Sequence[Report], framework: int | None
) -> ProviderPart | None:
    """What shows the provider's part in these areas, in each Region where the service is used; None: it has none.

    Without Regions a report for any one of them will do.
    """
    places: list[str | None] = [*regions] or [None]
    wanted = [(area, region) for area in areas for region in places]
    if not wanted:
        return None
    covering = {pair: [one for one in reports if one.covers(service, *pair, framework)] for pair in wanted}
    good = {Shown.SHOWN, Shown.EXCEPTIONS}
    missing = [pair for pair in wanted if not any(one.state in good for one in covering[pair])]
    used = list(dict.fromkeys(one for rows in covering.values() for one in rows))
    states = {one.state for one in used}
    return ProviderPart(_state(states, len(missing), len(wanted)), used, missing)


def _state(states: set[Shown], missing: int, wanted: int) -> Shown:
    if missing == 0:
        return Shown.EXCEPTIONS if Shown.EXCEPTIONS in states else Shown.SHOWN
    if missing < wanted:
        return Shown.PARTLY
    return next((state for state in (Shown.UNREAD, Shown.STALE) if state in states), Shown.ASKED)


def expected_at(report: ProviderReport, at: datetime) -> list[Any]:
    """What it expects of us, each with `said`: what was answered by a moment, None where nothing was. Two queries."""
    answers = ComplementaryAnswer.objects.at(at).select_related("control", "stated_by")
    rows: list[Any] = list(report.expected_controls.prefetch_related(Prefetch("answers", answers, to_attr="then")))
    for one in rows:
        one.said = one.then[0] if one.then else None
    return rows

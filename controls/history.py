"""Where requirements stood day by day: trends, what changed, since when. Read from the spans that roll-ups keep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from django.utils import timezone

from audit.moment import Moment
from controls.models import Edition, Framework, FrameworkVersion, RequirementSpan
from controls.models.rollup import StandingSpanQuerySet
from controls.results import Within
from controls.standing import FAILS, Monitoring
from organisation.models import Solution, Visibility

DAYS = 30
MOST_CHANGES = 20
FAIL_WORDS = frozenset(one.value for one in FAILS)


Spans = TypeVar("Spans", bound=StandingSpanQuerySet[Any])


def seen(spans: Spans, user: object, scope: Within) -> Spans:
    """Those of a scope that the reader may see; none where they see part of an estate that is not a solution."""
    if isinstance(scope, Solution):
        return spans.of(scope)
    if scope is None and Visibility.of(user).everything:
        return spans.of(None)
    return spans.none()


@dataclass(frozen=True)
class Change:
    """was, is_: of Monitoring; NOT_MAPPED where there was, or is, nothing that shows it."""

    at: datetime
    requirement: int
    was: Monitoring
    is_: Monitoring

    @property
    def is_worse(self) -> bool:
        return self.is_ in FAILS and self.was not in FAILS


@dataclass(frozen=True)
class Lately:
    """The last days of a framework in a scope. first: when anything was first known of it; None for never."""

    rows: list[tuple[int, str, datetime, datetime | None]]
    end: datetime

    @classmethod
    def of(cls, framework: Framework, user: object, moment: Moment, scope: Within) -> Lately:
        """One query."""
        begin = moment.at - timedelta(days=DAYS + 1)
        spans = seen(RequirementSpan.objects.of_framework(framework), user, scope).between(
            begin, moment.at + timedelta(microseconds=1)
        )
        rows = spans.order_by("valid_from", "pk").values_list("requirement", "monitoring", "valid_from", "valid_to")
        return cls(list(rows), moment.at)

    def failing(self, at: datetime) -> int:
        """How many failed, wholly or partly, at a moment of these days."""
        return sum(
            begun <= at and (ended is None or ended > at)
            for _r, state, begun, ended in self.rows
            if state in FAIL_WORDS
        )

    def points(self, url: Callable[[date | None], str]) -> list[dict[str, Any]]:
        """For the trend chart: requirements that fail at the end of each day. url: of the list of a day, None: now."""
        if not self.rows:
            return []
        first, last = min(row[2] for row in self.rows), timezone.localtime(self.end).date()
        points = []
        for day in (last - timedelta(days=n) for n in reversed(range(DAYS))):
            at = min(timezone.make_aware(datetime.combine(day, time.max)), self.end)
            known = at >= first
            address = url(day if day != last else None) if known else ""
            points.append({"at": day, "value": self.failing(at) if known else None, "url": address})
        return points

    def changes(self) -> list[Change]:
        """The latest first. What began with the first roll-up of all is a beginning, no change."""
        if not self.rows:
            return []
        first = min(row[2] for row in self.rows)
        by_requirement: dict[int, list[tuple[str, datetime, datetime | None]]] = defaultdict(list)
        for requirement, *span in self.rows:
            by_requirement[requirement].append(tuple(span))  # type: ignore[arg-type]
        found: list[Change] = []
        for requirement, spans in by_requirement.items():
            found += _changes(requirement, spans, first, self.end)
        return sorted(found, key=lambda one: (one.at, one.requirement), reverse=True)[:MOST_CHANGES]


def _changes(
    requirement: int, spans: list[tuple[str, datetime, datetime | None]], first: datetime, end: datetime
) -> Iterable[Change]:
    nothing = Monitoring.NOT_MAPPED
    before: tuple[Monitoring, datetime | None] = (nothing, None)
    for state, begun, ended in spans:
        follows = before[1] == begun
        if begun > first:
            yield Change(begun, requirement, before[0] if follows else nothing, Monitoring(state))
        if before[1] is not None and not follows:
            yield Change(before[1], requirement, before[0], nothing)
        before = (Monitoring(state), ended)
    if before[1] is not None and before[1] <= end:
        yield Change(before[1], requirement, before[0], nothing)


def named(changes: list[Change], version: FrameworkVersion) -> list[tuple[Change, Edition]]:
    """Each with its requirement, where the version has it. One query."""
    wanted = {one.requirement for one in changes}
    editions = version.editions.filter(requirement__in=wanted).select_related("requirement")
    by_key = {one.requirement_id: one for one in editions.defer("text", "guidance", "parameters")}
    return [(one, by_key[one.requirement]) for one in changes if one.requirement in by_key]


def strip_of(spans: StandingSpanQuerySet[Any], begin: datetime, end: datetime) -> list[dict[str, Any]]:
    """For the frame's strip: where something stood in a period, by its spans. Before the first roll-up, and between
    spans, nothing showed it or nobody looked: not observed.
    """
    spans = spans.between(begin, end).order_by("valid_from", "pk")
    found: list[dict[str, Any]] = []
    at = begin
    for state, begun, ended in spans.values_list("monitoring", "valid_from", "valid_to"):
        since, until = max(begun, begin), min(ended or end, end)
        if since > at:
            found.append({"status": Monitoring.NOT_OBSERVED.value, "begin": at, "end": since})
        found.append({"status": state, "begin": since, "end": until})
        at = until
    if found and at < end:
        found.append({"status": Monitoring.NOT_OBSERVED.value, "begin": at, "end": end})
    return found


def since(spans: StandingSpanQuerySet[Any], at: datetime) -> datetime | None:
    """Since when it stands as it does at a moment; None where that is not kept for this reader."""
    last = spans.between(at, at + timedelta(microseconds=1)).filter(valid_from__lte=at).order_by("-valid_from").first()
    return last.valid_from if last else None

"""Whether everything behind a snapshot was read: the places involved, over its whole step, and where they were not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q

from audit.moment import Moment
from audit.words import kept
from evidence.snapshot_pairs import Around, runs_around
from evidence.steps import Step
from findings.models import CoverageSpan, CoverageState, Scope
from organisation.models import Solution, SolutionAccount

NOT_READ = "not_read"
"""Of a place that no reading has confirmed since: what it said at the end of the step is not known."""
UNKNOWN = "unknown"
"""Of a while of which nothing is kept: the place was not known to the portal."""


@dataclass(frozen=True)
class Gap:
    """A while of a step in which a place could not be spoken for. state: of CoverageState, NOT_READ, UNKNOWN."""

    begin: datetime
    end: datetime
    state: str
    reason: str = ""


@dataclass
class Place:
    scope: Scope
    gaps: list[Gap] = field(default_factory=list)

    @property
    def reader(self) -> int:
        """Key of the scope whose readings this one is read by."""
        return self.scope.read_through_id or self.scope.pk


@dataclass(frozen=True)
class Reach:
    """The places involved, and the readings around the moment. is_complete: there are places, and none has a gap."""

    places: list[Place]
    around: Around

    @property
    def is_complete(self) -> bool:
        return bool(self.places) and not any(place.gaps for place in self.places)

    @property
    def gaps(self) -> int:
        """How many places have one."""
        return sum(bool(place.gaps) for place in self.places)


def reach(sources: Collection[str], solution: Solution | None, step: Step, moment: Moment) -> Reach:
    """Of checks of these sources, where a solution lives at a moment; without one, everywhere. Three queries."""
    scopes = Scope.objects.filter(Q(retired_at=None) | Q(retired_at__gt=step.begin), source__in=sources)
    if solution is not None:
        lived = SolutionAccount.objects.in_force(moment.at).filter(solution=solution)
        scopes = scopes.filter(account__in=lived.values("account__account_id"))
    places = [Place(scope) for scope in scopes.order_by("account", "region", "source", "pk")]
    around = runs_around({place.reader for place in places}, moment)
    held = _held([place.scope.pk for place in places], step, moment)
    for place in places:
        until = min(filter(None, [step.end, place.scope.retired_at]))
        place.gaps.extend(_gaps(held[place.scope.pk], step.begin, until))
        if until == step.end and place.reader not in around.confirmed and not place.gaps:
            place.gaps.append(Gap(step.begin, step.end, NOT_READ, kept("No reading that began since has ended.")))
    return Reach(places, around)


def _held(scopes: Iterable[int], step: Step, moment: Moment) -> dict[int, list[CoverageSpan]]:
    """What was known of places during a step, in order."""
    known = Q(superseded_at=None) | Q(superseded_at__gt=moment.known_at)
    during = Q(valid_to=None) | Q(valid_to__gt=step.begin)
    spans = CoverageSpan.objects.filter(known, during, valid_from__lt=step.end, recorded_at__lte=moment.known_at)
    held: dict[int, list[CoverageSpan]] = defaultdict(list)
    for span in spans.filter(scope__in=list(scopes)).order_by("scope", "valid_from", "pk"):
        held[span.scope_id].append(span)
    return held


def _gaps(spans: Iterable[CoverageSpan], begin: datetime, end: datetime) -> Iterable[Gap]:
    at = begin
    for span in spans:
        if span.valid_from > at:
            yield Gap(at, min(span.valid_from, end), UNKNOWN)
        at = max(at, span.valid_from)
        until = min(span.valid_to or end, end)
        if span.state != CoverageState.FRESH and until > at:
            yield Gap(at, until, span.state, span.reason)
        at = max(at, until)
    if at < end:
        yield Gap(at, end, UNKNOWN)


def told(place: Place) -> dict[str, Any]:
    """As a line of the file."""
    scope = place.scope
    gaps = [
        {"from": one.begin.isoformat(), "to": one.end.isoformat(), "state": one.state, "reason": one.reason}
        for one in place.gaps
    ]
    return {
        "line": "place", "scope": scope.public_id, "account": scope.account, "region": scope.region,
        "source": scope.source, "complete": not gaps, "gaps": gaps,
    }  # fmt: skip

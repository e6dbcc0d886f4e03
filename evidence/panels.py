"""What this floor adds to the pages of floors below: the snapshots of a control."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min
from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from controls.models import Control, Mapping
from evidence.models import Evidence, Snapshot
from evidence.steps import Step, last_steps
from findings.models import Status
from organisation.middleware import Request
from organisation.models import Solution
from organisation.panels import Panel
from organisation.permissions import may

STEPS = 6
PLACES = 10


@dataclass(frozen=True)
class Taken:
    """A step in one place. snapshot: None where it was not captured, or (is_due) is not yet."""

    step: Step
    snapshot: Snapshot | None
    is_due: bool
    url: str

    @property
    def days(self) -> str:
        last = date_format(self.step.last, "j M")
        return last if self.step.first == self.step.last else f"{date_format(self.step.first, 'j M')} – {last}"

    @property
    def status(self) -> str:
        """The worst that it says; nothing of what was not captured, and "not applicable" where there was nothing."""
        one = self.snapshot
        if one is None:
            return "not_observed"
        told = (
            (one.failing, Status.FAIL.value),
            (one.accepted, "accepted"),
            (one.unknown, Status.UNKNOWN.value),
            (one.passing, Status.PASS.value),
        )
        return next((status for n, status in told if n), Status.NOT_APPLICABLE.value)

    @property
    def words(self) -> str:
        one = self.snapshot
        if one is None:
            return _("taken within the hour") if self.is_due else _("not captured")
        if not one.population:
            return _("no population")
        told = {"failing": one.failing, "population": one.population}
        said = _("%(failing)d of %(population)d fail") % told
        return said if one.is_complete else f"{said}, {_('read with gaps')}"


@dataclass(frozen=True)
class Place:
    """solution: None for what belongs to no solution. taken: the last step first."""

    solution: Solution | None
    taken: list[Taken]

    @property
    def last(self) -> Taken | None:
        """The last one that was captured."""
        return next((one for one in self.taken if one.snapshot), None)

    @property
    def missing(self) -> int:
        return sum(one.snapshot is None and not one.is_due for one in self.taken)

    @property
    def rank(self) -> tuple[int, str]:
        failing = self.last.snapshot.failing if self.last and self.last.snapshot else 0
        return -failing, self.solution.name if self.solution else ""


def snapshots_of_control(request: Request, control: Control) -> Panel | None:
    """None where no check shows it, or the reader may not see evidence. Four queries."""
    if not may(request.user, "evidence.view"):
        return None
    at = request.moment.at
    mappings = Mapping.objects.in_force(at).of_controls().filter(control=control)
    mapped_at = mappings.aggregate(since=Min("approved_at"))["since"]
    since = max(filter(None, [mapped_at, control.added_at]))
    steps = [step for step in last_steps(control.frequency, at, STEPS) if step.end >= since]
    found = _snapshots(request, control, steps)
    if mapped_at is None and not found:
        return None
    places = [_place(one, steps, found, at) for one in _asked(request, control, found)]
    places.sort(key=lambda place: place.rank)
    content = {
        "places": places[:PLACES],
        "more": max(0, len(places) - PLACES),
        "steps": steps,
        "frequency": control.get_frequency_display(),
        "missing": sum(place.missing for place in places),
    }
    return Panel("evidence/_snapshots_panel.html", content)


def address_of(evidence: Evidence) -> str:
    """Of its page; empty where there is none."""
    try:
        return reverse("evidence:evidence", args=[evidence.public_id])
    except NoReverseMatch:
        return ""


def _snapshots(request: Request, control: Control, steps: list[Step]) -> dict[tuple[int | None, datetime], Snapshot]:
    """By solution and the beginning of the step."""
    if not steps:
        return {}
    seen = Evidence.objects.visible_to(request.user).filter(captured_at__lte=request.moment.at)
    rows = Snapshot.objects.filter(control=control, evidence__in=seen, period_from__gte=steps[-1].begin)
    return {(one.solution_id, one.period_from): one for one in rows.select_related("evidence", "solution")}


def _asked(
    request: Request, control: Control, found: dict[tuple[int | None, datetime], Snapshot]
) -> Iterable[Solution | None]:
    """The solutions that it is asked of, as far as the reader sees them, and those of which there is a snapshot."""
    at = request.moment.at
    seen = Solution.objects.added_by(at).in_use(at).visible_to(request.user)
    asked = seen.filter(pk=control.solution_id) if control.solution_id else seen
    places: dict[int | None, Solution | None] = {one.pk: one for one in asked}
    places |= {one.solution_id: one.solution for one in found.values()}
    return places.values()


def _place(
    solution: Solution | None, steps: list[Step], found: dict[tuple[int | None, datetime], Snapshot], at: datetime
) -> Place:
    key = solution.pk if solution else None
    taken = []
    for n, step in enumerate(steps):
        snapshot = found.get((key, step.begin))
        is_due = snapshot is None and n == 0
        taken.append(Taken(step, snapshot, is_due, address_of(snapshot.evidence) if snapshot else ""))
    return Place(solution, taken)

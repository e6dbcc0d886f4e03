"""The working papers of an engagement: which of them an address asks for, and how each stood at its moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from django.db.models import CharField, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from assurance.models import ControlTest, Engagement, TestStep
from audit.moment import Moment
from controls.listing import Asked, Words
from organisation.models import User

State = ControlTest.State
ORDERS = {
    "control": ("control__name", "kind", "id"),
    "-control": ("-control__name", "kind", "id"),
    "state": ("stands", "id"),
    "-state": ("-stands", "id"),
    "conclusion": ("conclusion", "id"),
    "-conclusion": ("-conclusion", "id"),
}
CHOICES: dict[str, tuple[Words, dict[str, Words]]] = {
    "state": (_("State"), {"open": _("Not reviewed"), **dict(State.choices)}),
    "kind": (_("Test"), dict(ControlTest.Kind.choices)),
    "conclusion": (_("Conclusion"), dict(ControlTest.Conclusion.choices)),
    "mine": (_("Whose"), {"tests": _("you test it"), "review": _("awaits your review")}),
}


def as_of(rows: QuerySet[ControlTest], user: User, moment: Moment) -> QuerySet[ControlTest]:
    """With stands, the state then. What was not reviewed then is left to its team."""
    team = Q(engagement__in=Engagement.objects.worked_on_by(user).values("pk"))
    return with_state(rows, moment).filter(team | Q(stands=State.REVIEWED))


def with_state(rows: QuerySet[ControlTest], moment: Moment) -> QuerySet[ControlTest]:
    """Those that were planned by then, with stands: the state then."""
    steps = TestStep.objects.filter(test=OuterRef("pk"), at__lte=moment.at).order_by("-id").values("state")[:1]
    planned = Value(State.PLANNED.value, output_field=CharField())
    stands: Any = F("state") if moment.is_now else Coalesce(Subquery(steps), planned)
    return rows.filter(added_at__lte=moment.at).annotate(stands=stands)


@dataclass(frozen=True)
class Papers:
    """every: what the reader sees; rows: those that the address asks for."""

    rows: QuerySet[ControlTest]
    every: QuerySet[ControlTest]
    asked: Asked
    order: str

    @classmethod
    def of(cls, query: QueryDict, engagement: Engagement | None, user: User, moment: Moment) -> Self:
        """engagement: None for all of them. Raises BadRequest."""
        asked = Asked.of(query, CHOICES)
        every = as_of(ControlTest.objects.visible_to(user), user, moment)
        if engagement:
            every = every.filter(engagement=engagement)
        rows = every
        for name, value in asked.values.items():
            rows = rows.filter(_matches(name, value, user))
        order = query.get("order", "")
        related = rows.select_related("control", "solution", "assigned_to", "prepared_by")
        return cls(related, every, asked, order if order in ORDERS else "control")


def _matches(name: str, value: str, user: User) -> Q:
    if name == "state":
        return ~Q(stands=State.REVIEWED.value) if value == "open" else Q(stands=value)
    if name == "kind":
        return Q(kind=value)
    if name == "conclusion":
        return Q(conclusion=value, stands__in=[State.CONCLUDED.value, State.REVIEWED.value])
    if name == "mine" and value == "tests":
        return Q(assigned_to=user)
    if name == "mine":
        return Q(stands=State.CONCLUDED.value) & ~Q(prepared_by=user)
    words = Q(control__name__icontains=value)
    return words | ControlTest.called(value)

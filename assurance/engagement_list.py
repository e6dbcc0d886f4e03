"""The list of engagements: which of them an address asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from assurance.models import Engagement
from assurance.models.engagement import EngagementQuerySet
from assurance.progress import as_of
from audit.moment import Moment
from controls.listing import Asked, Words
from controls.results import Within, within
from organisation.models import User

State = Engagement.State
ORDERS = {
    "title": ("title", "id"),
    "-title": ("-title", "-id"),
    "period": ("about_to", "id"),
    "-period": ("-about_to", "-id"),
    "state": ("stands", "-id"),
    "-state": ("-stands", "-id"),
    "planned": ("added_at", "id"),
    "-planned": ("-added_at", "-id"),
}
CHOICES: dict[str, tuple[Words, dict[str, Words]]] = {
    "state": (_("State"), {"open": _("Not closed"), **dict(State.choices)}),
    "team": (_("Team"), {"mine": _("you are on it")}),
    "who": (_("Done"), {"inside": _("by internal audit"), "outside": _("from outside")}),
}


@dataclass(frozen=True)
class Engagements:
    """every: what the reader sees in this scope; rows: those that the address asks for."""

    rows: QuerySet[Engagement]
    every: QuerySet[Engagement]
    asked: Asked
    scope: Within
    order: str

    @classmethod
    def of(cls, query: QueryDict, user: User, moment: Moment) -> Self:
        """Raises BadRequest and Http404."""
        scope = within(query.get("solution", ""), user, moment.at)
        asked = Asked.of(query, CHOICES)
        every = seen_by(user, moment)
        if scope == "none":
            every = every.none()
        elif scope:
            every = every.filter(solutions=scope)
        rows = every
        for name, value in asked.values.items():
            rows = rows.filter(_matches(name, value, user))
        order = query.get("order", "")
        related = rows.select_related("framework__framework", "added_by").prefetch_related("solutions")
        return cls(related, every, asked, scope, order if order in ORDERS else "-planned")


def seen_by(user: User, moment: Moment) -> QuerySet[Engagement]:
    """What the reader may see, as it stood at the moment."""
    seen: EngagementQuerySet = Engagement.objects.visible_to(user)
    return as_of(Engagement.objects.filter(pk__in=seen.values("pk")), moment)


def _matches(name: str, value: str, user: User) -> Any:
    if name == "state":
        return ~Q(stands=State.CLOSED.value) if value == "open" else Q(stands=value)
    if name == "team":
        return Q(pk__in=Engagement.objects.worked_on_by(user).values("pk"))
    if name == "who":
        return Q(from_outside=value == "outside")
    words = Q(title__icontains=value) | Q(objective__icontains=value)
    return words | Engagement.called(value)

"""The list of audit findings: which of them an address asks for, and how each stood at its moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from django.db.models import (
    Case,
    CharField,
    DateField,
    DateTimeField,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assurance.awaiting import WEIGHTS
from assurance.models import AuditFinding, AuditFindingStep, Engagement
from audit.moment import Moment
from audit.public_id import get_or_404
from controls.listing import Asked, Words
from controls.results import Within, within
from organisation.models import User

State = AuditFinding.State
ORDERS = {
    "rating": ("rank", "-id"),
    "-rating": ("-rank", "-id"),
    "due": ("due", "id"),
    "-due": ("-due", "-id"),
    "issued": ("since", "id"),
    "-issued": ("-since", "-id"),
}
NEVER = date(9999, 12, 31)
CHOICES: dict[str, tuple[Words, dict[str, Words]]] = {
    "state": (_("State"), {"open": _("Not closed"), **dict(State.choices)}),
    "rating": (_("Rating"), dict(reversed(AuditFinding.Rating.choices))),
    "due": (_("Agreed date"), {"overdue": _("overdue")}),
    "repeated": (_("Found before"), {"yes": _("in an earlier engagement")}),
    "mine": (_("Whose"), {"owner": _("you answer for it"), "team": _("your engagements")}),
}


def as_of(rows: QuerySet[AuditFinding], user: User, moment: Moment) -> QuerySet[AuditFinding]:
    """With stands (the state then), rank (of the rating), due (the agreed day, far off without one) and since.

    What was a draft then is left to its team.
    """
    at = moment.at
    steps = AuditFindingStep.objects.filter(finding=OuterRef("pk"), at__lte=at).order_by("-id").values("state")[:1]
    issued = Case(
        When(issued_at__lte=at, then=Value(State.ISSUED.value)),
        default=Value(State.DRAFT.value),
        output_field=CharField(),
    )
    stands: Any = F("state") if moment.is_now else Coalesce(Subquery(steps), issued)
    ranks = [When(rating=rating, then=Value(weight)) for rating, weight in WEIGHTS.items()]
    team = Q(engagement__in=Engagement.objects.worked_on_by(user).values("pk"))
    found = rows.filter(written_at__lte=at).annotate(
        stands=stands,
        rank=Case(*ranks, default=Value(0), output_field=IntegerField()),
        due=Coalesce("agreed_on", Value(NEVER), output_field=DateField()),
        since=Coalesce("issued_at", "written_at", output_field=DateTimeField()),
    )
    return found.filter(team | ~Q(stands__in=[one.value for one in AuditFinding.UNISSUED]))


@dataclass(frozen=True)
class AuditFindings:
    """every: what the reader sees in this scope; rows: those that the address asks for."""

    rows: QuerySet[AuditFinding]
    every: QuerySet[AuditFinding]
    asked: Asked
    scope: Within
    order: str
    engagement: Engagement | None
    today: date

    @classmethod
    def of(cls, query: QueryDict, user: User, moment: Moment) -> Self:
        """Raises BadRequest and Http404."""
        scope = within(query.get("solution", ""), user, moment.at)
        engagement = None
        if named := query.get("engagement", ""):
            engagement = get_or_404(Engagement.objects.visible_to(user), named)
        asked = Asked.of(query, CHOICES)
        today = timezone.localdate(moment.at, timezone.get_default_timezone())
        every = as_of(AuditFinding.objects.visible_to(user), user, moment)
        if engagement:
            every = every.filter(engagement=engagement)
        if scope == "none":
            every = every.filter(solution=None)
        elif scope:
            every = every.filter(solution=scope)
        rows = every
        for name, value in asked.values.items():
            rows = rows.filter(_matches(name, value, user, today))
        order = query.get("order", "")
        related = rows.select_related("engagement", "owner", "solution", "control", "repeats")
        return cls(related, every, asked, scope, order if order in ORDERS else "-issued", engagement, today)

    @property
    def open(self) -> int:
        return self.every.filter(_open()).count()

    @property
    def overdue(self) -> int:
        return self.every.filter(overdue(self.today)).count()


def _open() -> Q:
    return ~Q(stands__in=[one.value for one in AuditFinding.ENDED])


def overdue(today: date) -> Q:
    """On rows of as_of: agreed for a day that is over, and not said to be done."""
    return Q(stands=State.AGREED.value, agreed_on__lt=today)


def _matches(name: str, value: str, user: User, today: date) -> Q:
    if name == "state":
        return _open() if value == "open" else Q(stands=value)
    if name == "rating":
        return Q(rating=value)
    if name == "due":
        return overdue(today)
    if name == "repeated":
        return Q(repeats__isnull=False)
    if name == "mine":
        team = Q(engagement__in=Engagement.objects.worked_on_by(user).values("pk"))
        return Q(owner=user) if value == "owner" else team
    words = Q(title__icontains=value) | Q(condition__icontains=value)
    return words | AuditFinding.called(value)

"""The list of attestations: which of them an address asks for, and how each stood at its moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self

from django.db.models import Case, CharField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.moment import Moment
from controls.listing import Asked, Words
from controls.models import Control
from controls.results import Within, within
from evidence.models import Attestation
from organisation.models import User

RELATED = ("control", "solution", "asked_by", "asked_of", "verdict__said_by", "withdrawn_by")
ORDERS = {
    "due": ("due_on", "id"),
    "-due": ("-due_on", "-id"),
    "expires": ("ends_at", "id"),
    "-expires": ("-ends_at", "-id"),
    "period": ("period_to", "id"),
    "-period": ("-period_to", "-id"),
}
STATES: dict[str, Words] = {
    "awaited": _("Awaited"),
    "so": _("So it was"),
    "not_so": _("It was not so"),
    "expired": _("Expired"),
    "withdrawn": _("Withdrawn"),
}
LOOKS = {
    "awaited": "waiting",
    "so": "pass",
    "not_so": "fail",
    "expired": "stale",
    "withdrawn": "not_applicable",
}


def as_of(rows: QuerySet[Attestation], at: datetime) -> QuerySet[Attestation]:
    """With `stands` (of STATES) at a moment, and `ends_at`, to sort by: what never expires comes last."""
    given = Q(attested_at__lte=at)
    stands = Case(
        When(withdrawn_at__lte=at, then=Value("withdrawn")),
        When(given & Q(expires_at__lte=at), then=Value("expired")),
        When(given & Q(holds=True), then=Value("so")),
        When(given, then=Value("not_so")),
        default=Value("awaited"),
        output_field=CharField(),
    )
    never = Value(datetime.max.replace(tzinfo=at.tzinfo) - timedelta(days=2))
    return rows.filter(asked_at__lte=at).annotate(stands=stands, ends_at=Coalesce("expires_at", never))


def late(on: date) -> Q:
    """Of rows of `as_of`."""
    return Q(stands="awaited", due_on__lt=on)


@dataclass(frozen=True)
class Attestations:
    """every: what the reader sees in this scope; rows: those that the address asks for."""

    rows: QuerySet[Attestation]
    every: QuerySet[Attestation]
    asked: Asked
    choices: dict[str, tuple[Words, dict[str, Words]]]
    scope: Within
    order: str
    at: datetime

    @classmethod
    def of(cls, query: QueryDict, user: User, moment: Moment) -> Self:
        """Raises BadRequest and Http404."""
        scope = within(query.get("solution", ""), user, moment.at)
        every = as_of(Attestation.objects.visible_to(user), moment.at)
        if scope == "none":
            every = every.filter(solution=None)
        elif scope:
            every = every.filter(solution=scope)
        choices = choices_of(every)
        asked = Asked.of(query, choices)
        rows = every
        for name, value in asked.values.items():
            rows = rows.filter(_matches(name, value, user, moment.at))
        order = query.get("order", "")
        order = order if order in ORDERS else "-period"
        return cls(rows.select_related(*RELATED), every, asked, choices, scope, order, moment.at)

    @property
    def today(self) -> date:
        return timezone.localdate(self.at)

    def count(self, where: Q) -> int:
        return self.every.filter(where).count()


def choices_of(every: QuerySet[Attestation]) -> dict[str, tuple[Words, dict[str, Words]]]:
    """Two queries: by whom, and of which controls."""
    people = User.objects.filter(pk__in=every.order_by().values("asked_of")).order_by("name", "pk")
    controls = Control.objects.filter(pk__in=every.order_by().values("control")).order_by("name")
    return {
        "state": (_("State"), STATES),
        "who": (_("Who states it"), {one.public_id: one.name for one in people}),
        "control": (_("Control"), {one.public_id: one.name for one in controls}),
        "overdue": (_("Overdue"), {"yes": _("not given by its day")}),
        "expires": (_("Expires"), {"7": _("within 7 days"), "30": _("within 30 days")}),
        "mine": (_("Whose move"), {"give": _("awaits you"), "asked": _("you asked")}),
    }


def _matches(name: str, value: str, user: User, at: datetime) -> Q:
    if name == "state":
        return Q(stands=value)
    if name == "who":
        return Q(asked_of=User.key_of(value))
    if name == "control":
        return Q(control=Control.key_of(value))
    if name == "overdue":
        return late(timezone.localdate(at))
    if name == "expires":
        return expiring(int(value), at)
    if name == "mine":
        return Q(asked_by=user) if value == "asked" else Q(asked_of=user, stands="awaited")
    found = Q(statement__icontains=value) | Q(control__name__icontains=value)
    return found | Attestation.called(value)


def expiring(days: int, at: datetime) -> Q:
    return Q(stands__in=["so", "not_so"], expires_at__lte=at + timedelta(days=days))


def shown(one: Attestation, on: date) -> dict[str, Any]:
    """What a row of a list says of it. `stands`: see as_of."""
    stands: str = one.stands  # type: ignore[attr-defined]
    return {
        "one": one,
        "stands": stands,
        "state_words": STATES[stands],
        "look": LOOKS[stands],
        "given": stands in ("so", "not_so", "expired"),
        "is_overdue": stands == "awaited" and one.due_on < on,
    }

"""The list of exceptions: which of them an address asks for, and how each stood at its moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from django.db.models import Case, CharField, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from audit.moment import Moment
from controls.listing import Asked, Words
from controls.results import Within, within
from organisation.models import User
from risks.awaiting_decisions import exceptions_awaiting
from risks.exception_moves import ENDS
from risks.levels import matrix_at, reads_as
from risks.models import ExceptionStep, Matrix, RiskException

State = RiskException.State
ORDERS = {
    "expires": ("expires_at", "-id"),
    "-expires": ("-expires_at", "-id"),
    "asked": ("asked_at", "id"),
    "-asked": ("-asked_at", "-id"),
    "level": ("level", "-id"),
    "-level": ("-level", "-id"),
}


def as_of(rows: QuerySet[RiskException], moment: Moment) -> QuerySet[RiskException]:
    """With `stands`: the state at the moment, by its steps; expired is expired, whoever has looked since."""
    at = moment.at
    steps = ExceptionStep.objects.filter(exception=OuterRef("pk"), at__lte=at).order_by("-at", "-pk")
    then: Any = F("state") if moment.is_now else Coalesce(Subquery(steps.values("state")[:1]), Value(State.ASKED.value))
    rows = rows.filter(asked_at__lte=at).annotate(then=then)
    over = When(Q(expires_at__lte=at) & ~Q(then__in=[one.value for one in ENDS]), then=Value(State.EXPIRED.value))
    return rows.annotate(stands=Case(over, default=F("then"), output_field=CharField()))


@dataclass(frozen=True)
class Exceptions:
    """every: what the reader sees in this scope; rows: those that the address asks for."""

    rows: QuerySet[RiskException]
    every: QuerySet[RiskException]
    mine: list[int]
    asked: Asked
    choices: dict[str, tuple[Words, dict[str, Words]]]
    scope: Within
    order: str
    at: datetime

    @classmethod
    def of(cls, query: QueryDict, user: User, moment: Moment) -> Self:
        """Raises BadRequest and Http404."""
        scope = within(query.get("solution", ""), user, moment.at)
        matrix = matrix_at(moment.at)
        choices = choices_of(matrix)
        asked = Asked.of(query, choices)
        every = as_of(RiskException.objects.visible_to(user), moment)
        if scope == "none":
            every = every.none()
        elif scope:
            every = every.filter(solution=scope)
        mine = [one.pk for one in exceptions_awaiting(user, moment.at)] if moment.is_now else []
        rows = every
        for name, value in asked.values.items():
            mine_asked = name == "mine" and value == "asked"
            asks = Q(asked_by=user) if mine_asked else _matches(name, value, moment.at, mine, matrix)
            rows = rows.filter(asks)
        order = query.get("order", "")
        related = ("solution", "risk", "matrix", "asked_by", "accepted_by", "concurred_by")
        return cls(
            rows=rows.select_related(*related),
            every=every,
            mine=mine,
            asked=asked,
            choices=choices,
            scope=scope,
            order=order if order in ORDERS else "-asked",
            at=moment.at,
        )

    def expiring(self, days: int) -> int:
        return self.every.filter(_expiring(days, self.at)).count()

    @property
    def in_force(self) -> int:
        return self.every.filter(Q(stands=State.LIVE.value)).count()

    @property
    def awaiting(self) -> int:
        return self.every.filter(pk__in=self.mine).count() if self.mine else 0


def choices_of(matrix: Matrix | None) -> dict[str, tuple[Words, dict[str, Words]]]:
    levels: dict[str, Words] = {str(n): one["label"] for n, one in enumerate(matrix.levels)} if matrix else {}
    states: dict[str, Words] = {"open": _("On the way or in force"), **dict(State.choices)}
    return {
        "state": (_("State"), states),
        "kind": (_("Kind"), dict(RiskException.Kind.choices)),
        "level": (_("Level"), dict(reversed(levels.items()))),
        "expires": (_("Expires"), {"7": _("within 7 days"), "30": _("within 30 days")}),
        "mine": (_("Whose move"), {"decide": _("awaits you"), "asked": _("you asked")}),
    }


def _matches(name: str, value: str, at: datetime, mine: list[int], matrix: Matrix | None) -> Q:
    if name == "state":
        return ~Q(stands__in=[one.value for one in ENDS]) if value == "open" else Q(stands=value)
    if name == "kind":
        return Q(kind=value)
    if name == "level":
        return _at_level(int(value), matrix)
    if name == "expires":
        return _expiring(int(value), at)
    if name == "mine":
        return Q(pk__in=mine)
    words = Q(reason__icontains=value) | Q(risk__title__icontains=value) | Q(checks__key__icontains=value)
    found = words | RiskException.called(value)
    return Q(pk__in=RiskException.objects.filter(found).values("pk"))


def _at_level(level: int, matrix: Matrix | None) -> Q:
    """Of whatever matrix, what reads as this level of the one in force."""
    found = Q(pk=None)
    for one in Matrix.objects.all() if matrix else []:
        same = [n for n in range(len(one.levels)) if matrix and reads_as(n, one, matrix) == level]
        found |= Q(matrix=one, level__in=same)
    return found


def _expiring(days: int, at: datetime) -> Q:
    return Q(stands=State.LIVE.value, expires_at__gt=at, expires_at__lte=at + timedelta(days=days))

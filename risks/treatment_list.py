"""The list of treatments with their progress, at a moment as far as it is told: what was closed and done by then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.moment import Moment
from controls.listing import Asked, Words
from controls.results import Within, within
from organisation.models import User
from risks.models import Treatment, TreatmentAction

State = TreatmentAction.State


def with_progress(rows: QuerySet[Treatment], at: datetime) -> QuerySet[Treatment]:
    """With wanted (actions but for the dropped), done and overdue, as they were at a moment."""
    on = timezone.localdate(at)
    by_then = Q(actions__added_at__lte=at)
    dropped = Q(actions__state=State.DROPPED, actions__ended_at__lte=at)
    done = Q(actions__state=State.DONE, actions__ended_at__lte=at)
    over = Q(actions__due_on__lt=on)
    return rows.annotate(
        wanted=Count("actions", filter=by_then & ~dropped, distinct=True),
        done=Count("actions", filter=by_then & done, distinct=True),
        overdue=Count("actions", filter=by_then & over & ~done & ~dropped, distinct=True),
    )


def stands(at: datetime) -> dict[str, Q]:
    """What the list can be narrowed by, each as a condition."""
    closed = Q(closed_at__isnull=False, closed_at__lte=at)
    proposed = Q(closure_proposed_at__isnull=False, closure_proposed_at__lte=at) & ~closed
    return {"open": ~closed, "proposed": proposed, "closed": closed}


@dataclass(frozen=True)
class Treatments:
    rows: QuerySet[Treatment]
    every: QuerySet[Treatment]
    asked: Asked
    choices: dict[str, tuple[Words, dict[str, Words]]]
    scope: Within
    at: datetime

    @classmethod
    def of(cls, query: QueryDict, user: User, moment: Moment) -> Self:
        """Raises BadRequest and Http404."""
        at = moment.at
        scope = within(query.get("solution", ""), user, at)
        choices: dict[str, tuple[Words, dict[str, Words]]] = {
            "state": (_("State"), {"open": _("open"), "proposed": _("proposed for closing"), "closed": _("closed")}),
            "strategy": (_("Strategy"), dict(Treatment.Strategy.choices)),
            "overdue": (_("Actions"), {"yes": _("with overdue ones")}),
            "mine": (_("Owner"), {"yes": _("yours")}),
        }
        asked = Asked.of(query, choices)
        every = Treatment.objects.visible_to(user).filter(added_at__lte=at)
        every = every.none() if scope == "none" else every.filter(risk__solution=scope) if scope else every
        rows = every
        for name, value in asked.values.items():
            rows = rows.filter(_matches(name, value, user, at))
        return cls(with_progress(rows.select_related("risk__solution", "owner"), at), every, asked, choices, scope, at)

    @property
    def overdue(self) -> int:
        return self.every.filter(stands(self.at)["open"] & _overdue(self.at)).count()

    @property
    def on(self) -> date:
        return timezone.localdate(self.at)


def _matches(name: str, value: str, user: User, at: datetime) -> Q:
    asks: dict[str, Any] = {
        "state": lambda: stands(at)[value],
        "strategy": lambda: Q(strategy=value),
        "overdue": lambda: _overdue(at),
        "mine": lambda: Q(owner=user),
        "q": lambda: Q(plan__icontains=value) | Q(risk__title__icontains=value),
    }
    found: Q = asks[name]()
    return found


def _overdue(at: datetime) -> Q:
    late = TreatmentAction.objects.filter(treatment=OuterRef("pk"), due_on__lt=timezone.localdate(at), added_at__lte=at)
    return Q(Exists(late.filter(Q(ended_at=None) | Q(ended_at__gt=at))))

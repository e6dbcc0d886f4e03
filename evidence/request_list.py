"""The list of requests: which of them an address asks for, and how each stood at its moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from django.db.models import CharField, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import past
from audit.moment import Moment
from controls.listing import Asked, Words
from controls.models import Control
from controls.results import Within, within
from evidence.models import EvidenceRequest, RequestStep
from evidence.sources import source_of
from organisation.models import User

State = EvidenceRequest.State
ENDED = (State.ACCEPTED.value, State.WITHDRAWN.value)
UNANSWERED = (State.ASKED.value, State.RETURNED.value)
RELATED = ("solution", "control", "requirement__framework", "asked_by", "assignee")
ORDERS = {
    "due": ("due_on", "id"),
    "-due": ("-due_on", "-id"),
    "asked": ("asked_at", "id"),
    "-asked": ("-asked_at", "-id"),
}


def as_of(rows: QuerySet[EvidenceRequest], moment: Moment) -> QuerySet[EvidenceRequest]:
    """With `stands`: the state at the moment, by its steps."""
    if moment.is_now:
        return rows.annotate(stands=F("state"))
    steps = RequestStep.objects.filter(request=OuterRef("pk"), at__lte=moment.at)
    last = steps.exclude(kind=RequestStep.Kind.PASSED_ON).order_by("-id").values("kind")[:1]
    then = Coalesce(Subquery(last), Value(State.ASKED.value), output_field=CharField())
    return rows.filter(asked_at__lte=moment.at).annotate(stands=then)


def as_they_were(rows: list[EvidenceRequest], moment: Moment) -> list[EvidenceRequest]:
    """With the assignee and the day of then."""
    return rows if moment.is_now else past.as_they_were(rows, moment.at, references={"assignee": User})


def still_open() -> Q:
    """Of rows of `as_of`: neither accepted nor withdrawn."""
    return ~Q(stands__in=ENDED)


def late(on: date) -> Q:
    """Of rows of `as_of`: not answered by their day."""
    return Q(stands__in=UNANSWERED, due_on__lt=on)


@dataclass(frozen=True)
class Requests:
    """every: what the reader sees in this scope; rows: those that the address asks for."""

    rows: QuerySet[EvidenceRequest]
    every: QuerySet[EvidenceRequest]
    asked: Asked
    choices: dict[str, tuple[Words, dict[str, Words]]]
    scope: Within
    order: str
    at: datetime

    @classmethod
    def of(cls, query: QueryDict, user: User, moment: Moment) -> Self:
        """Raises BadRequest and Http404."""
        scope = within(query.get("solution", ""), user, moment.at)
        every = as_of(EvidenceRequest.objects.visible_to(user), moment)
        if scope == "none":
            every = every.filter(solution=None)
        elif scope:
            every = every.filter(solution=scope)
        choices = choices_of(every)
        asked = Asked.of(query, choices)
        rows = every
        for name, value in asked.values.items():
            rows = rows.filter(_matches(name, value, user, timezone.localdate(moment.at)))
        order = query.get("order", "")
        order = order if order in ORDERS else "due"
        return cls(rows.select_related(*RELATED), every, asked, choices, scope, order, moment.at)

    @property
    def today(self) -> date:
        return timezone.localdate(self.at)

    @property
    def open(self) -> int:
        return self.every.filter(still_open()).count()

    @property
    def overdue(self) -> int:
        return self.every.filter(late(self.today)).count()

    @property
    def to_check(self) -> int:
        return self.every.filter(Q(stands=State.ANSWERED)).count()


def choices_of(every: QuerySet[EvidenceRequest]) -> dict[str, tuple[Words, dict[str, Words]]]:
    """Three queries: of whom, of which controls and for what is asked."""
    people = User.objects.filter(pk__in=every.order_by().values("assignee")).order_by("name", "pk")
    controls = Control.objects.filter(pk__in=every.order_by().values("control")).order_by("name")
    states: dict[str, Words] = {"open": _("Open"), **dict(State.choices)}
    return {
        "state": (_("State"), states),
        "who": (_("Who is asked"), {one.public_id: one.name for one in people}),
        "control": (_("Control"), {one.public_id: one.name for one in controls}),
        "overdue": (_("Overdue"), {"yes": _("not answered by its day")}),
        "mine": (_("Whose move"), {"answer": _("awaits your answer"), "asked": _("you asked")}),
        "source": (_("Asked for"), _sources(every)),
    }


def _sources(every: QuerySet[EvidenceRequest]) -> dict[str, Words]:
    """Each by its title, or by its id where the floor that knows it does not name it."""
    pairs = every.exclude(source_kind="").order_by("source_kind", "source_id")
    found: dict[str, Words] = {}
    for kind, public_id in pairs.values_list("source_kind", "source_id").distinct():
        source = source_of(kind, public_id)
        found[f"{kind}:{public_id}"] = source.title if source else public_id
    return found


def _matches(name: str, value: str, user: User, on: date) -> Q:
    if name == "state":
        return still_open() if value == "open" else Q(stands=value)
    if name == "who":
        return Q(assignee=User.key_of(value))
    if name == "control":
        return Q(control=Control.key_of(value))
    if name == "overdue":
        return late(on)
    if name == "mine":
        return Q(asked_by=user) if value == "asked" else Q(assignee=user, stands__in=UNANSWERED)
    if name == "source":
        kind, _colon, public_id = value.partition(":")
        return Q(source_kind=kind, source_id=public_id)
    return _saying(value)


def _saying(words: str) -> Q:
    found = Q(title__icontains=words) | Q(what__icontains=words) | Q(item__icontains=words)
    return found | EvidenceRequest.called(words)


def shown(one: EvidenceRequest, on: date) -> dict[str, Any]:
    """What a row of a list says of it. `stands`: see as_of."""
    stands = State(one.stands)  # type: ignore[attr-defined]
    is_late = stands in UNANSWERED and one.due_on < on
    return {"request": one, "stands": stands, "look": LOOKS[stands], "is_overdue": is_late}


LOOKS = {
    State.ASKED: "waiting",
    State.ANSWERED: "unknown",
    State.RETURNED: "unknown",
    State.ACCEPTED: "pass",
    State.WITHDRAWN: "not_applicable",
}
"""The shape of each state; its word is its own."""

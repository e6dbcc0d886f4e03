"""What a row of the register says, by what it is narrowed, and in which order: in the database, and of a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Case, F, IntegerField, Min, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from audit.counted import Key
from organisation.models import User
from risks.models import Category, Risk, Treatment, TreatmentAction
from risks.models.risk import RiskQuerySet

NONE = "none"
LAST = date(9999, 12, 31)
"""Where no day is set: after every other one."""
Standing = Risk.Standing
WORST_FIRST = (
    Standing.ABOVE_TOLERANCE.value,
    Standing.ABOVE_APPETITE.value,
    Standing.NOT_ASSESSED.value,
    Standing.NO_APPETITE.value,
    Standing.WITHIN.value,
)


@dataclass(frozen=True)
class Treated:
    """How a risk is treated. due_on: of the first action that is not done."""

    strategies: tuple[str, ...] = ()
    due_on: date | None = None

    def is_overdue(self, on: date) -> bool:
        return self.due_on is not None and self.due_on < on


UNTREATED = Treated()


@dataclass(frozen=True)
class Row:
    """risk: as it was at the moment, its kept-up fields too. on: the day of the moment."""

    risk: Risk
    treated: Treated
    on: date

    @property
    def review_is_overdue(self) -> bool:
        return is_overdue(self.risk, self.on)

    @property
    def treatment_is_overdue(self) -> bool:
        return self.treated.is_overdue(self.on)

    @property
    def strategies(self) -> list[str]:
        return [str(Treatment.Strategy(one).label) for one in self.treated.strategies]

    @property
    def standing_words(self) -> str:
        return str(Standing(self.risk.standing).label)


def is_overdue(risk: Risk, on: date) -> bool:
    return risk.review_on is not None and risk.review_on < on


def treated(at: datetime, risks: Iterable[int] | None = None) -> dict[int, Treated]:
    """How each risk was treated at a moment. risks: keys; every one unless told. One query."""
    rows = Treatment.objects.filter(Q(closed_at=None) | Q(closed_at__gt=at), added_at__lte=at)
    if risks is not None:
        rows = rows.filter(risk__in=list(risks))
    awaited = Q(actions__added_at__lte=at) & (Q(actions__ended_at=None) | Q(actions__ended_at__gt=at))
    found: dict[int, Treated] = {}
    told = rows.annotate(due=Min("actions__due_on", filter=awaited)).order_by("pk")
    for risk, strategy, due in told.values_list("risk", "strategy", "due"):
        before = found.get(risk, Treated())
        strategies = tuple(dict.fromkeys([*before.strategies, strategy]))
        found[risk] = Treated(strategies, min((one for one in (before.due_on, due) if one), default=None))
    return found


@dataclass(frozen=True)
class Filter:
    """where: as the database narrows. holds: the same of a risk that is held, on a day."""

    where: Callable[[str, date], Q]
    holds: Callable[[Risk, str, date], bool]


def _index(value: str) -> int | None:
    return None if value == NONE else int(value)


def by_field(name: str) -> Filter:
    """An index of the matrix in force; "none" where there is none."""
    return Filter(
        lambda value, on: Q(**{f"{name}__isnull": True}) if value == NONE else Q(**{name: int(value)}),
        lambda risk, value, on: getattr(risk, name) == _index(value),
    )


def _reviewed(value: str, on: date) -> Q:
    return Q(review_on=None) if value == NONE else Q(review_on__lt=on)


def _saying(value: str, on: date) -> Q:
    said = Q()
    for name in ("title", "cause", "event", "consequence"):
        said |= Q(**{f"{name}__icontains": value})
    if key := Risk.key_in(value.upper()):
        said |= Q(pk=key)
    return said


def _says(risk: Risk, value: str, on: date) -> bool:
    texts = (risk.title, risk.cause, risk.event, risk.consequence)
    return risk.public_id == value.upper() or any(value.lower() in one.lower() for one in texts)


FILTERS: dict[str, Filter] = {
    "category": Filter(
        lambda value, on: Q(category=Category.key_of(value)),
        lambda risk, value, on: risk.category_id == Category.key_of(value),
    ),
    "owner": Filter(
        lambda value, on: Q(owner=User.key_of(value)), lambda risk, value, on: risk.owner_id == User.key_of(value)
    ),
    "standing": Filter(
        lambda value, on: Q(standing=value, closed_at=None), lambda risk, value, on: risk.standing == value
    ),
    "review": Filter(
        _reviewed,
        lambda risk, value, on: risk.review_on is None if value == NONE else is_overdue(risk, on),
    ),
    "q": Filter(_saying, _says),
}
"""Those that mean the same whatever else is asked."""


@dataclass(frozen=True)
class Order:
    """by: an expression that is never null, which the database sorts by; key: the same of a row."""

    by: Any
    key: Callable[[Row], int | str]


def _level(name: str) -> Order:
    def key(row: Row) -> int:
        level = getattr(row.risk, name)
        return -1 if level is None else level

    return Order(Coalesce(F(name), Value(-1), output_field=IntegerField()), key)


def _due() -> Any:
    """The first day on which an action of an open treatment is due."""
    open_ones = TreatmentAction.objects.open().filter(treatment__risk=OuterRef("pk"), treatment__closed_at=None)
    return Coalesce(Subquery(open_ones.order_by("due_on").values("due_on")[:1]), Value(LAST))


ORDERS: dict[str, Order] = {
    "id": Order(F("pk"), lambda row: row.risk.pk),
    "title": Order(Lower("title"), lambda row: row.risk.title.lower()),
    "solution": Order(Lower("solution__name"), lambda row: row.risk.solution.name.lower()),
    "category": Order(Lower("category__name"), lambda row: row.risk.category.name.lower()),
    "owner": Order(Lower("owner__name"), lambda row: row.risk.owner.name.lower()),
    "inherent": _level("inherent"),
    "current": _level("current"),
    "target": _level("target"),
    "standing": Order(
        Case(
            *(When(standing=one, then=Value(place)) for place, one in enumerate(reversed(WORST_FIRST))),
            default=Value(-1),
            output_field=IntegerField(),
        ),
        lambda row: list(reversed(WORST_FIRST)).index(row.risk.standing),
    ),
    "treatment": Order(_due(), lambda row: (row.treated.due_on or LAST).isoformat()),
    "review": Order(Coalesce(F("review_on"), Value(LAST)), lambda row: (row.risk.review_on or LAST).isoformat()),
}


def sorted_by(risks: RiskQuerySet, order: str) -> tuple[RiskQuerySet, list[str]]:
    """The rows with what they are sorted by, and the ordering for audit.keyset.page_of."""
    sign = "-" if order.startswith("-") else ""
    return risks.annotate(sorts=ORDERS[order.removeprefix("-")].by), [f"{sign}sorts", f"{sign}id"]


def key_of(order: str) -> Callable[[Row], Key]:
    """What no two rows share, of rows that are held."""
    key = ORDERS[order.removeprefix("-")].key
    return lambda row: (key(row), row.risk.pk)


def day_of(at: datetime) -> date:
    return timezone.localdate(at)

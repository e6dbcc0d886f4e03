"""The register of controls: every one that a reader may see, where it stands, and what the address asks for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from audit.counted import Key
from audit.moment import Moment
from controls.due import Due, dues
from controls.listing import Asked, Words
from controls.models import Control, Inheritance, Verdict
from controls.models import Mapping as Mapped
from controls.past import as_they_were
from controls.results import Within, within
from controls.standing import Monitoring, Standing, standings_of_controls
from organisation.models import Solution, User

EVERY = "every"
NONE = "none"
ATTENTION = Monitoring.values
"""The order in which statuses deserve attention."""


@dataclass(frozen=True)
class Row:
    """standing: what checks, tests and attestations say; None of a retired one. conclusion: the latest, if any.

    due: the next test of a manual control. inherits_from: the solution that operates it for the one asked about.
    frameworks: keys of those with a requirement that it is mapped to.
    """

    control: Control
    standing: Standing | None
    due: Due | None = None
    conclusion: Verdict | None = None
    inherits_from: Solution | None = None
    frameworks: Mapping[str, str] = field(default_factory=dict)

    @property
    def monitoring(self) -> str:
        return self.standing.monitoring.value if self.standing else ""

    @property
    def test(self) -> str:
        if self.due is None:
            return NONE
        return "overdue" if self.due.is_overdue else "soon" if self.due.is_soon else "later"


def controls_of(user: User, at: datetime, scope: Within = None) -> list[Control]:
    """The controls that the reader may see, as they were then; of those that concern a solution where one is given."""
    seen = Control.objects.visible_to(user).added_by(at).select_related("owner", "solution")
    rows = as_they_were(seen.order_by("name", "pk"), at)
    if scope is None:
        return rows
    if scope == "none":
        return [one for one in rows if one.solution is None]
    inherited = set(Inheritance.objects.in_force(at).filter(solution=scope).values_list("control_id", flat=True))
    return [one for one in rows if one.solution in (None, scope) or one.pk in inherited]


def rows_of(controls: Iterable[Control], user: User, moment: Moment, scope: Within = None) -> list[Row]:
    """These controls with what stands beside them. A fixed number of queries, however many they are."""
    wanted = list(controls)
    standings = standings_of_controls(user, moment, wanted, scope)
    due = dues(wanted, moment.at)
    concluded = conclusions(wanted, user, moment.at)
    serves = frameworks(wanted, moment.at)
    return [
        Row(
            one,
            standing := standings.get(one.pk),
            due.get(one.pk),
            concluded.get(one.pk),
            one.solution if standing and standing.is_inherited else None,
            serves[one.pk],
        )
        for one in wanted
    ]


def conclusions(controls: Iterable[Control], user: User, at: datetime) -> dict[int, Verdict]:
    """The conclusion about the latest period, by the key of its control. One query."""
    said = Verdict.objects.visible_to(user).said(at).conclusions().filter(control__in=list(controls))
    return {
        one.control_id: one
        for one in said.select_related("control", "solution", "said_by").order_by("period_to", "said_at")
    }


def frameworks(controls: Iterable[Control], at: datetime) -> Mapping[int, dict[str, str]]:
    """Key and name of the frameworks that each control serves by a mapping in force. One query."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    mapped = Mapped.objects.in_force(at).to_controls().filter(control__in=list(controls))
    names = ("control_id", "requirement__framework__key", "requirement__framework__name")
    for control, key, name in mapped.values_list(*names).distinct():
        found[control][key] = name
    return found


ORDERS: dict[str, Callable[[Row], Key]] = {
    "status": lambda row: (ATTENTION.index(row.monitoring) if row.standing else len(ATTENTION),),
    "name": lambda row: (),
    "test": lambda row: (row.due.at.isoformat() if row.due else "~",),
    "owner": lambda row: (row.control.owner.name.casefold(),),
    "type": lambda row: (row.control.kind,),
}


@dataclass(frozen=True)
class Register:
    """rows: what the address asks for, in its order. every: what is in use, which the title counts."""

    rows: list[Row]
    every: list[Row]
    asked: Asked
    choices: Mapping[str, tuple[Words, Mapping[str, Words]]]
    scope: Within
    order: str

    @classmethod
    def of(cls, query: QueryDict, user: User, moment: Moment) -> Self:
        """Raises BadRequest on a value that is none, and Http404."""
        scope = within(query.get("solution", ""), user, moment.at)
        found = rows_of(controls_of(user, moment.at, scope), user, moment, scope)
        in_use = [row for row in found if not row.control.is_retired(moment.at)]
        retired = [row for row in found if row.control.is_retired(moment.at)]
        choices = choices_of(found)
        asked = Asked.of(query, choices)
        chosen = retired if asked.values.get("retired") == "yes" else in_use
        order = query.get("order", "status")
        return cls(
            rows=[row for row in chosen if matches(row, asked.values)],
            every=in_use,
            asked=asked,
            choices=choices,
            scope=scope,
            order=order if order.lstrip("-") in ORDERS else "status",
        )

    @property
    def solution(self) -> Solution | None:
        return self.scope if isinstance(self.scope, Solution) else None

    @property
    def counts(self) -> Counter[str]:
        """How many of those in use stand how."""
        return Counter(row.monitoring for row in self.every)

    @property
    def overdue(self) -> int:
        return sum(row.test == "overdue" for row in self.every)

    @property
    def ordered(self) -> list[Row]:
        return sorted(self.rows, key=self.key, reverse=self.descends)

    @property
    def descends(self) -> bool:
        return self.order.startswith("-")

    def key(self, row: Row) -> Key:
        """The sort key of a row, which no other one has."""
        return (*ORDERS[self.order.lstrip("-")](row), row.control.name.casefold(), row.control.pk)


def choices_of(rows: Iterable[Row]) -> dict[str, tuple[Words, dict[str, Words]]]:
    """What the list can be narrowed by: each parameter with its label, and its values with their words."""
    found = list(rows)
    owners = {row.control.owner.public_id: row.control.owner.name for row in found}
    operated = {one.public_id: one.name for row in found if (one := row.control.solution)}
    serves = {key: name for row in found for key, name in row.frameworks.items()}
    return {
        "status": (_("Monitoring status"), dict(Monitoring.choices)),
        "test": (
            _("Next test"),
            {"overdue": _("overdue"), "soon": _("due within two weeks"), "later": _("later"), NONE: _("none needed")},
        ),
        "type": (_("Type"), dict(Control.Kind.choices)),
        "method": (_("How it works"), dict(Control.Method.choices)),
        "owner": (_("Owner"), _by_word(owners)),
        "operated": (_("Operated by"), {EVERY: _("every solution"), **_by_word(operated)}),
        "framework": (_("Serves"), _by_word(serves)),
        "retired": (_("Retired"), {"yes": _("retired ones")}),
    }


def _by_word(choices: dict[str, str]) -> dict[str, Words]:
    return {value: choices[value] for value in sorted(choices, key=lambda one: choices[one].casefold())}


MATCHES: dict[str, Callable[[Row, str], bool]] = {
    "status": lambda row, value: row.monitoring == value,
    "test": lambda row, value: row.test == value,
    "type": lambda row, value: row.control.kind == value,
    "method": lambda row, value: row.control.method == value,
    "owner": lambda row, value: row.control.owner.public_id == value,
    "operated": lambda row, value: (row.control.solution.public_id if row.control.solution else EVERY) == value,
    "framework": lambda row, value: value in row.frameworks,
    "retired": lambda row, value: True,
    "q": lambda row, value: value.casefold() in _text(row.control),
}


def matches(row: Row, values: Mapping[str, str]) -> bool:
    return all(MATCHES[name](row, value) for name, value in values.items())


def _text(control: Control) -> str:
    return f"{control.public_id} {control.name} {control.objective}".casefold()

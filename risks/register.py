"""The register of risks: what the address asks for, at its moment, for its reader.

Of now everything is done in the database, over the fields of a risk that are kept up. Of a past moment the rows are
what they were then, held in memory, narrowed and sorted by the same table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Self

from django.core.exceptions import BadRequest
from django.db.models import Count, Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from audit import counted, keyset
from audit.moment import Moment
from controls.listing import Asked, Words
from controls.results import NO_SOLUTION, Within, within
from organisation.models import Solution, User
from risks.heat_map import BY
from risks.models import MOST, Assessment, Category, Matrix, Risk
from risks.models.risk import RiskQuerySet
from risks.register_rows import (
    FILTERS,
    NONE,
    ORDERS,
    UNTREATED,
    Row,
    Treated,
    by_field,
    day_of,
    is_overdue,
    key_of,
    sorted_by,
    treated,
)
from risks.rules import Kind, Rules, Stated, stated_at
from risks.stood import as_they_stood

USUAL = "-current"
CLOSED = "closed"
PLACES = {str(n) for n in range(MOST)}
"""What an address may ask of any matrix: one of another moment may have fewer, and nothing stands there then."""
NAMED = ("solution", "category", "owner")
"""What each row names; fetched once for all rows where these are many, instead of with each."""
STATES: dict[str, Words] = {"open": _("open"), CLOSED: _("closed"), "all": _("open and closed")}
Choices = dict[str, tuple[Words, Mapping[str, Words]]]


@dataclass(frozen=True)
class Facets:
    """How many risks of the scope have which value, in the state asked for. open: by standing, of those open."""

    values: Mapping[str, Counter[str]] = field(default_factory=dict)
    open: Counter[str] = field(default_factory=Counter)
    closed: int = 0

    @classmethod
    def of(cls, rows: Iterable[tuple[Any, ...]], state: str) -> Self:
        """rows: closed, key of category and owner, level, standing, overdue or None, and how many."""
        values = {name: Counter[str]() for name in ("category", "owner", "level", "standing", "review")}
        found = cls(values)
        closed_ones = 0
        for closed, category, owner, level, standing, overdue, n in rows:
            if closed:
                closed_ones += n
            else:
                found.open[standing] += n
            if state not in (CLOSED if closed else "open", "all"):
                continue
            values["category"][f"{Category.public_prefix}-{category}"] += n
            values["owner"][f"{User.public_prefix}-{owner}"] += n
            values["level"][NONE if level is None else str(level)] += n
            values["standing"][standing] += 0 if closed else n
            values["review"][{None: NONE, True: "overdue", False: ""}[overdue]] += n
        return cls(values, found.open, closed_ones)

    @property
    def total(self) -> int:
        return self.open.total()


@dataclass(frozen=True)
class Register:
    """matrix: in force at the moment. held: the rows of a past moment; None of now."""

    user: User
    moment: Moment
    scope: Within
    asked: Asked
    choices: Choices
    facets: Facets
    order: str
    rules: Rules
    held: list[Risk] | None = None

    @classmethod
    def of(cls, query: QueryDict, user: User, moment: Moment) -> Self:
        """Raises BadRequest on a value that is none, and Http404."""
        scope = within(query.get("solution", ""), user, moment.at)
        order = query.get("order") or USUAL
        if order.removeprefix("-") not in ORDERS:
            raise BadRequest(_("order has no value %(order)s") % {"order": repr(order[:80])})
        rules = Rules.at(moment.at)
        kind = query.get("kind") or Kind.CURRENT.value
        if kind not in BY:
            raise BadRequest(_("kind has no value %(kind)s") % {"kind": repr(kind[:80])})
        held = None if moment.is_now else then(user, moment, rules, scope)
        state = query.get("state") or "open"
        facets = Facets.of(counts(user, moment, scope, kind, held), state)
        choices = choices_of(user, facets, rules.matrix, query)
        return cls(user, moment, scope, Asked.of(query, choices), choices, facets, order, rules, held)

    @property
    def matrix(self) -> Matrix | None:
        return self.rules.matrix

    @property
    def solution(self) -> Solution | None:
        return self.scope if isinstance(self.scope, Solution) else None

    @property
    def kind(self) -> str:
        return self.asked.values.get("kind", Kind.CURRENT.value)

    @property
    def state(self) -> str:
        return self.asked.values.get("state", "open")

    @property
    def on(self) -> date:
        return day_of(self.moment.at)

    @property
    def descends(self) -> bool:
        return self.order.startswith("-")

    @cached_property
    def rows(self) -> RiskQuerySet:
        """Of now."""
        found = scoped(Risk.objects.visible_to(self.user), self.scope)
        if self.state != "all":
            found = found.closed() if self.state == CLOSED else found.open()
        for name, value in self.asked.values.items():
            if name in FILTERS:
                found = found.filter(FILTERS[name].where(value, self.on))
            elif name == "level":
                found = found.filter(by_field(self.kind).where(value, self.on))
        return found.filter(self._in_cell) if self._asks_for_a_cell else found

    @property
    def _asks_for_a_cell(self) -> bool:
        return bool({"likelihood", "impact"} & self.asked.values.keys())

    @property
    def _in_cell(self) -> Q:
        """Of the current level the fields are kept up; of the others what stands stated is looked at."""
        values = self.asked.values
        if self.kind == Kind.CURRENT:
            where = Q(current__isnull=False)
            for name in ("likelihood", "impact"):
                where &= by_field(name).where(values[name], self.on) if name in values else Q()
            return where
        cells = Q(pk__in=[])
        for one in self._stated_cells():
            cells |= Q(matrix=one.matrix, likelihood=one.likelihood, impact=one.impact)
        latest = Assessment.objects.filter(kind=self.kind).standing(self.moment.at)
        return Q(pk__in=Assessment.objects.filter(cells, pk__in=latest.values("pk")).order_by().values("risk"))

    def _stated_cells(self) -> Iterator[Stated]:
        """The cells of each version of the matrix that read as what is asked for."""
        for matrix in self.rules.versions.values():
            for likelihood, levels in enumerate(matrix.cells):
                for impact, level in enumerate(levels):
                    one = Stated(matrix.pk, likelihood, impact, level)
                    if self._cell_is_asked(one):
                        yield one

    def _cell_is_asked(self, stated: Stated | None) -> bool:
        if self.rules.level(stated) is None:
            return False
        values = self.asked.values
        cell = zip(("likelihood", "impact"), self.rules.cell(stated), strict=True)
        return all(values.get(name) in (None, NONE if at is None else str(at)) for name, at in cell)

    @cached_property
    def then(self) -> list[Row]:
        """Of a past moment: all of them, in no order."""
        assert self.held is not None
        stated = stated_at(self.moment.at) if self._asks_for_a_cell else {}
        how = treated(self.moment.at)
        found = [one for one in self.held if self._holds(one, stated.get(one.pk, {}))]
        return [self._row(one, how) for one in found]

    def _holds(self, risk: Risk, stated: Mapping[str, Stated]) -> bool:
        closed = risk.is_closed(self.moment.at)
        if self.state != "all" and closed != (self.state == CLOSED):
            return False
        values = self.asked.values
        if "standing" in values and closed:
            return False
        level = "level" not in values or by_field(self.kind).holds(risk, values["level"], self.on)
        rest = all(FILTERS[name].holds(risk, value, self.on) for name, value in values.items() if name in FILTERS)
        return level and rest and (not self._asks_for_a_cell or self._cell_is_asked(stated.get(self.kind)))

    def _row(self, risk: Risk, how: Mapping[int, Treated]) -> Row:
        return Row(risk, how.get(risk.pk, UNTREATED), self.on)

    @property
    def total(self) -> int:
        return self.rows.count() if self.held is None else len(self.then)

    def page(self, cursor: str, size: int = 50) -> counted.Page[Row]:
        """Raises BadRequest on a foreign cursor."""
        if self.held is not None:
            key = key_of(self.order)
            return counted.page_of(self.then, key, cursor=cursor, size=size, descending=self.descends)
        rows, order = sorted_by(self.rows.select_related(*NAMED), self.order)
        page = keyset.page_of(rows, order=order, cursor=cursor, size=size)
        how = treated(self.moment.at, [one.pk for one in page.rows])
        return counted.Page([self._row(one, how) for one in page.rows], page.next_cursor, page.is_first)

    def every(self) -> Iterator[Row]:
        """All of what is asked for, in its order: as the pages show it one after the other."""
        if self.held is not None:
            yield from sorted(self.then, key=key_of(self.order), reverse=self.descends)
            return
        how = treated(self.moment.at)
        rows, order = sorted_by(self.rows.prefetch_related(*NAMED), self.order)
        for one in rows.order_by(*order):
            yield self._row(one, how)


def scoped(risks: RiskQuerySet, scope: Within) -> RiskQuerySet:
    if scope is None:
        return risks
    return risks.none() if scope == NO_SOLUTION else risks.filter(solution=scope)


def then(user: User, moment: Moment, rules: Rules, scope: Within) -> list[Risk]:
    """Those that the reader may see today, as they stood then."""
    seen = Risk.objects.visible_to(user).added_by(moment.at).prefetch_related(*NAMED)
    found = as_they_stood(seen, moment, rules)
    if scope is None:
        return found
    return [] if scope == NO_SOLUTION else [one for one in found if one.solution_id == scope.pk]


def counts(user: User, moment: Moment, scope: Within, kind: str, held: list[Risk] | None) -> Iterable[tuple[Any, ...]]:
    """As Facets.of takes them. One query of now, none of a past moment."""
    on = day_of(moment.at)
    if held is not None:
        return [
            (
                one.is_closed(moment.at), one.category_id, one.owner_id, getattr(one, kind), one.standing,
                is_overdue(one, on) if one.review_on else None, 1,
            )
            for one in held
        ]  # fmt: skip
    risks = scoped(Risk.objects.visible_to(user), scope).order_by()
    told = risks.annotate(closed=Q(closed_at__isnull=False), overdue=Q(review_on__lt=on))
    names = ("closed", "category", "owner", kind, "standing", "overdue")
    return told.values_list(*names).annotate(n=Count("pk"))


def choices_of(user: User, facets: Facets, matrix: Matrix | None, query: QueryDict) -> Choices:
    """What the list can be narrowed by: each parameter with its label, and its values with their words. Two queries."""
    categories = {f"RC-{key}": name for key, name in Category.objects.order_by("name").values_list("pk", "name")}
    places: dict[str, Words] = {NONE: _("on another matrix")}
    levels: dict[str, Words] = {NONE: _("not assessed")}
    likelihoods, impacts = dict(places), dict(places)
    if matrix:
        levels = {str(n): one["label"] for n, one in reversed(list(enumerate(matrix.levels)))} | levels
        likelihoods = {str(n): word for n, word in enumerate(matrix.likelihoods)} | places
        impacts = {str(n): word for n, word in enumerate(matrix.impacts)} | places
    for name, known in (("level", levels), ("likelihood", likelihoods), ("impact", impacts)):
        asked = query.get(name, "")
        if asked in PLACES and asked not in known:
            known[asked] = str(int(asked) + 1)
    return {
        "state": (_("State"), STATES),
        "standing": (_("Standing"), dict(Risk.Standing.choices)),
        "kind": (_("Level by"), BY),
        "level": (_("Level"), levels),
        "category": (_("Category"), categories),
        "owner": (_("Owner"), _owners(user, facets, query.get("owner", ""))),
        "review": (_("Review"), {"overdue": _("overdue"), NONE: _("none planned")}),
        "likelihood": (_("Likelihood"), likelihoods),
        "impact": (_("Impact"), impacts),
    }


def _owners(user: User, facets: Facets, asked: str) -> dict[str, Words]:
    """Of the risks in the scope; the one asked for also where they own none of these."""
    keys = {User.key_of(one) for one in facets.values["owner"]}
    where = Q(pk__in=keys)
    if key := User.key_in(asked):
        where |= Q(pk=key, pk__in=Risk.objects.visible_to(user).values("owner"))
    people = User.objects.filter(where).order_by("name", "pk")
    return {f"P-{key}": name for key, name in people.values_list("pk", "name")}

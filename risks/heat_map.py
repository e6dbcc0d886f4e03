"""Likelihood by impact: how many open risks stand in each cell of the matrix in force at a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from django.db.models import Count, Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from audit.moment import Moment
from controls.listing import Asked, Words
from controls.results import NO_SOLUTION, within
from organisation.models import Solution, User
from risks.models import Assessment, Category, Matrix, Risk
from risks.models.risk import RiskQuerySet
from risks.past import as_they_were
from risks.rules import Kind, Rules, Stands, Stated, stated_at

Standing = Risk.Standing
BY: dict[str, Words] = {
    Kind.CURRENT.value: _("Current level"),
    Kind.INHERENT.value: _("Inherent level"),
    Kind.TARGET.value: _("Target level"),
}
Cell = tuple[int, int]


@dataclass(frozen=True)
class Wanted:
    """What the address narrows the map to. by: a kind of assessment."""

    by: str = Kind.CURRENT.value
    solution: Solution | None = None
    nobody: bool = False
    category: Category | None = None
    owner: User | None = None
    standing: str = ""

    @property
    def where(self) -> Q:
        """The condition on risks as they are now."""
        said = {"solution": self.solution, "category": self.category, "owner": self.owner, "standing": self.standing}
        return Q(pk__in=[]) if self.nobody else Q(**{name: value for name, value in said.items() if value})

    def holds(self, risk: Risk, standing: str) -> bool:
        """The same of a risk as it was."""
        return not self.nobody and (
            (self.solution is None or risk.solution_id == self.solution.pk)
            and (self.category is None or risk.category_id == self.category.pk)
            and (self.owner is None or risk.owner_id == self.owner.pk)
            and self.standing in ("", standing)
        )


@dataclass
class HeatMap:
    """cells: only those with a risk. elsewhere: stated on another matrix, by the level that it reads as now.

    standings: of all of them, by the current level. matrix: None before the first was adopted.
    """

    matrix: Matrix | None = None
    cells: Counter[Cell] = field(default_factory=Counter)
    elsewhere: Counter[int] = field(default_factory=Counter)
    not_assessed: int = 0
    standings: Counter[str] = field(default_factory=Counter)

    @property
    def placed(self) -> int:
        return self.cells.total()

    @property
    def total(self) -> int:
        return self.placed + self.elsewhere.total() + self.not_assessed

    def add(self, cell: tuple[int | None, int | None], level: int | None, n: int = 1) -> None:
        likelihood, impact = cell
        if level is None:
            self.not_assessed += n
        elif likelihood is None or impact is None:
            self.elsewhere[level] += n
        else:
            self.cells[likelihood, impact] += n


def heat_map(user: object, moment: Moment, wanted: Wanted) -> HeatMap:
    """Of the open risks that the reader may see. A fixed number of queries; of now by current level: two."""
    if not moment.is_now:
        return _then(user, moment.at, wanted)
    risks = Risk.objects.visible_to(user).open().filter(wanted.where)
    found = HeatMap(Matrix.objects.in_force(moment.at))
    if wanted.by == Kind.CURRENT:
        rows = risks.order_by().values_list("likelihood", "impact", "current", "standing")
        for likelihood, impact, level, standing, n in rows.annotate(n=Count("pk")):
            found.add((likelihood, impact), level, n)
            found.standings[standing] += n
        return found
    standings = risks.order_by().values_list("standing").annotate(n=Count("pk"))
    found.standings.update(dict(standings))
    _count_stated(found, risks, moment.at, wanted.by)
    return found


def _count_stated(found: HeatMap, risks: RiskQuerySet, at: datetime, by: str) -> None:
    """By inherent or target level: counted over the latest assessments. Three queries."""
    rules = Rules.at(at)
    latest = Assessment.objects.filter(kind=by, risk__in=risks.order_by()).standing(at)
    rows = Assessment.objects.filter(pk__in=latest.values("pk")).order_by()
    for *said, n in rows.values_list("matrix", "likelihood", "impact", "level").annotate(n=Count("pk")):
        stated = Stated(*said)
        found.add(rules.cell(stated), rules.level(stated), n)
    found.not_assessed += found.standings.total() - found.total


def _then(user: object, at: datetime, wanted: Wanted) -> HeatMap:
    rules = Rules.at(at)
    found = HeatMap(rules.matrix)
    for _risk, stands, stated in _stood(user, at, rules, wanted):
        found.standings[stands.standing] += 1
        found.add(rules.cell(stated.get(wanted.by)), rules.level(stated.get(wanted.by)))
    return found


def _stood(
    user: object, at: datetime, rules: Rules, wanted: Wanted
) -> Iterable[tuple[Risk, Stands, Mapping[str, Stated]]]:
    """The open risks of a moment that the reader may see today, with how they stood."""
    seen = Risk.objects.visible_to(user).added_by(at).defer("cause", "event", "consequence")
    rows = [one for one in as_they_were(seen, at) if not one.is_closed(at)]
    every = stated_at(at)
    for one in rows:
        stated = every.get(one.pk, {})
        stands = rules.stands(one.solution_id, one.category_id, stated)
        if wanted.holds(one, stands.standing):
            yield one, stands, stated


def listed(user: object, moment: Moment, wanted: Wanted, cell: Cell) -> list[Risk]:
    """The risks in a cell, by id: what its number counts."""
    rules = Rules.at(moment.at)
    if not moment.is_now:
        stood = _stood(user, moment.at, rules, wanted)
        found = [risk for risk, _stands, stated in stood if rules.cell(stated.get(wanted.by)) == cell]
        return sorted(found, key=lambda one: one.pk)
    risks = Risk.objects.visible_to(user).open().filter(wanted.where)
    if wanted.by == Kind.CURRENT:
        risks = risks.filter(likelihood=cell[0], impact=cell[1])
    else:
        stated = stated_at(moment.at, risks.values_list("pk", flat=True))
        risks = risks.filter(pk__in=[key for key, said in stated.items() if rules.cell(said.get(wanted.by)) == cell])
    return list(risks.select_related("solution", "category", "owner").order_by("pk"))


@dataclass(frozen=True)
class Address:
    """The parameters of the page, read: what it wants, its chips and its choices."""

    wanted: Wanted
    asked: Asked
    choices: Mapping[str, tuple[Words, Mapping[str, Words]]]
    cell: Cell | None = None

    @classmethod
    def of(cls, query: QueryDict, user: User, moment: Moment) -> Self:
        """Raises BadRequest on a value that is none, and Http404. Three queries."""
        scope = within(query.get("solution", ""), user, moment.at)
        choices = _choices(user)
        asked = Asked.of(query, choices)
        values = asked.values
        wanted = Wanted(
            by=values.get("by", Kind.CURRENT.value),
            solution=scope if isinstance(scope, Solution) else None,
            nobody=scope == NO_SOLUTION,
            category=Category(pk=Category.key_of(values["category"])) if "category" in values else None,
            owner=User(pk=User.key_of(values["owner"])) if "owner" in values else None,
            standing=values.get("standing", ""),
        )
        return cls(wanted, asked, choices, _cell(values))

    @property
    def narrowed(self) -> dict[str, str]:
        """What narrows the register likewise."""
        names = ("category", "owner", "standing")
        return {name: value for name, value in self.asked.values.items() if name in names}


def _cell(values: Mapping[str, str]) -> Cell | None:
    if "likelihood" not in values or "impact" not in values:
        return None
    return int(values["likelihood"]), int(values["impact"])


def _choices(user: User) -> dict[str, tuple[Words, dict[str, Words]]]:
    categories = {f"RC-{key}": name for key, name in Category.objects.order_by("name").values_list("pk", "name")}
    owners = User.objects.filter(pk__in=Risk.objects.visible_to(user).values("owner")).order_by("name")
    places: dict[str, Words] = {str(n): str(n + 1) for n in range(6)}
    return {
        "by": (_("By"), BY),
        "category": (_("Category"), dict(categories)),
        "owner": (_("Owner"), {f"P-{key}": name for key, name in owners.values_list("pk", "name")}),
        "standing": (_("Standing"), dict(Standing.choices)),
        "likelihood": (_("Likelihood"), places),
        "impact": (_("Impact"), places),
    }

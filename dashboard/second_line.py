"""The second line's home: posture over every solution, what changed, what we don't know."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit.moment import Moment
from dashboard.failing import checks_of
from dashboard.figures import grave, parts
from dashboard.reach import Reach
from findings.changes import Change, Changes, changes
from findings.coverage_figures import CoverageFigures
from findings.coverage_places import Place, figures_of_places, places
from findings.models import Check, Status
from findings.parameters import Unreadable, moment_from
from findings.suppressions import excused
from findings.tallies import Tally, rows_by, tallies
from findings.trends import Trends, trends
from findings.unowned import Figures, figures
from organisation.models import Solution
from organisation.permissions import may

DAYS = 60
WORST = 10
ACCOUNTS, SOLUTIONS = 15, 20
"""Shown until the reader asks for every one."""
COUNTED = ("status", "severity", "suppressed")
YESTERDAY, WEEK = "yesterday", "week"


@dataclass(frozen=True)
class Since:
    """The moment to compare with. value: as it stands in the address."""

    value: str
    at: datetime
    words: str

    @classmethod
    def of(cls, value: str, moment: Moment) -> Since:
        """yesterday (a day before the moment), week, or a date (its beginning). Raises BadRequest."""
        if value in ("", YESTERDAY):
            at = moment.at - timedelta(days=1)
            return cls(YESTERDAY, at, _("yesterday") if moment.is_now else _day(at))
        if value == WEEK:
            at = moment.at - timedelta(days=7)
            return cls(WEEK, at, _day(at))
        try:
            at = moment_from(value)
        except Unreadable as problem:
            raise BadRequest(str(problem.words)) from problem
        if at >= moment.at:
            raise BadRequest(_("since must lie before the moment that the page is of"))
        return cls(value, at, _day(at))


def _day(at: datetime) -> str:
    return str(date_format(timezone.localtime(at), "j M Y"))


@dataclass(frozen=True)
class Group:
    """One line of a posture table: a solution, an account, or what belongs to no solution."""

    name: str
    tally: Tally
    coverage: CoverageFigures
    solution: Solution | None = None
    account: str = ""
    change: Change = field(default_factory=Change)
    fails: Sequence[int | None] = ()

    @cached_property
    def parts(self) -> list[dict[str, Any]]:
        return parts(self.tally) if self.tally.assessed else []

    @property
    def grave(self) -> int:
        return grave(self.tally)

    @property
    def door(self) -> str | None:
        """The explorer's `solution` for these findings."""
        if self.account:
            return None
        return self.solution.public_id if self.solution else "none"


@dataclass(frozen=True)
class WorstCheck:
    check: Check
    tally: Tally
    accounts: int


@dataclass(frozen=True)
class SecondLine:
    total: Tally
    solutions: list[Group]
    accounts: list[Group]
    worst: list[WorstCheck]
    failing_checks: int
    since: Since
    changes: Changes
    trends: Trends
    coverage: list[Place]
    unowned: Figures
    unexcused: int
    all_accounts: int
    all_solutions: int

    @property
    def grave(self) -> int:
        return grave(self.total)


def second_line(reach: Reach, since: str, *, every_account: bool = False, every_solution: bool = False) -> SecondLine:
    """A fixed number of queries. every_account, every_solution: not the worst of them only.

    Raises BadRequest where `since` is no moment before this one.
    """
    asked = Since.of(since, reach.moment)
    rows = rows_by(reach.user, reach.moment, "solutions", *COUNTED, where=reach.where, dated=False)
    covered = places(reach.user, reach.moment, reach.accounts)
    changed = changes(reach.user, reach.moment, asked.at, reach.where)
    drawn = trends(reach.user, reach.moment.at.date(), DAYS, reach.where)
    worst, failing_checks = worst_checks(reach)
    accounts = by_account(reach, covered)
    solutions = by_solution(reach, rows, covered, changed, drawn)
    total = Tally()
    for row in rows:
        total.add(row)
    return SecondLine(
        total=total,
        solutions=solutions if every_solution else solutions[:SOLUTIONS],
        accounts=accounts if every_account else accounts[:ACCOUNTS],
        worst=worst,
        failing_checks=failing_checks,
        since=asked,
        changes=changed,
        trends=drawn,
        coverage=covered,
        unowned=figures(reach.user, reach.moment),
        unexcused=_unexcused(reach, total.suppressed),
        all_accounts=len(accounts),
        all_solutions=len(solutions),
    )


def _unexcused(reach: Reach, suppressed: int) -> int:
    """What is suppressed in AWS without a live exception, for who may see the list of it. One query at most."""
    if not suppressed or not may(reach.user, "suppression.view"):
        return 0
    return suppressed - excused(reach.user, reach.moment, reach.where)


def by_solution(
    reach: Reach, rows: Iterable[dict[str, Any]], covered: Sequence[Place], changed: Changes, drawn: Trends
) -> list[Group]:
    """Every solution of the reach, worst share first, and last what belongs to none."""
    counts: dict[int | None, Tally] = defaultdict(Tally)
    for row in rows:
        for key in row["solutions"] or [None]:
            counts[key].add(row)
    groups = [
        Group(
            name=solution.name,
            solution=solution,
            tally=counts[solution.pk],
            change=changed.by_solution.get(solution.pk, Change()),
            fails=drawn.fails_of(solution.pk),
            coverage=_of_accounts(covered, reach.places.get(solution.pk, frozenset())),
        )
        for solution in reach.subject
    ]
    groups.sort(key=_worst_first)
    if None in counts:
        change = changed.by_solution.get(None, Change())
        nobody = Group(_("No solution"), counts[None], CoverageFigures(), change=change, fails=drawn.fails_of(None))
        groups.append(nobody)
    return groups


def by_account(reach: Reach, covered: Sequence[Place]) -> list[Group]:
    """Every account with a finding or with something to read, worst share first."""
    counts: dict[str, Tally] = defaultdict(Tally)
    for row in rows_by(reach.user, reach.moment, "account", *COUNTED, where=reach.where, dated=False):
        counts[row["account"]].add(row)
    found: dict[str, list[Place]] = defaultdict(list)
    for place in covered:
        found[place.account].append(place)
    groups = [
        Group(
            name=reach.name_of(account),
            account=account,
            tally=counts[account],
            coverage=figures_of_places(found[account]),
        )
        for account in {*counts, *found}
    ]
    return sorted(groups, key=_worst_first)


def _worst_first(group: Group) -> tuple[int, float, str]:
    """Nothing assessed comes last: it is not known to be good."""
    share = group.tally.passed / group.tally.assessed if group.tally.assessed else 2.0
    return (0 if group.tally.assessed else 1, share, group.name.lower())


def _of_accounts(covered: Iterable[Place], accounts: Iterable[str]) -> CoverageFigures:
    wanted = set(accounts)
    return figures_of_places(place for place in covered if place.account in wanted)


def worst_checks(reach: Reach) -> tuple[list[WorstCheck], int]:
    """The checks that fail worst, and how many fail at all. Four queries, one where nothing fails."""
    failing = reach.where & Q(status=Status.FAIL, suppressed=False)
    worst: Counter[int] = Counter()
    fails: Counter[int] = Counter()
    for row in rows_by(reach.user, reach.moment, "check_ran", "severity", where=failing, dated=False):
        key = row["check_ran"]
        worst[key] = max(worst[key], row["severity"])
        fails[key] += row["total"]
    ranked = sorted(fails, key=lambda key: (-worst[key], -fails[key], key))[:WORST]
    if not ranked:
        return [], 0
    among = Q(check_ran__in=ranked)
    where = rows_by(reach.user, reach.moment, "check_ran", "account", where=failing & among, dated=False)
    accounts = Counter(row["check_ran"] for row in where)
    checks = checks_of(ranked)
    counts = tallies(reach.user, reach.moment, "check_ran", where=reach.where & among)
    return [WorstCheck(checks[key], counts[(key,)], accounts[key]) for key in ranked], len(fails)

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
from dashboard.figures import counted, grave
from dashboard.reach import Reach
from findings.changes import Change, Changes, changes
from findings.coverage_figures import CoverageFigures
from findings.coverage_places import Place, figures_of_places, places
from findings.models import Check, Status
from findings.parameters import Unreadable, moment_from
from findings.suppressions import excused
from findings.tallies import Tally, rows_by, spread
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
        return counted(self.tally) if self.tally.assessed else []

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
    accounts, all_accounts = by_account(reach, covered, None if every_account else ACCOUNTS)
    most = None if every_solution else SOLUTIONS
    solutions, all_solutions = by_solution(reach, rows, covered, changed, drawn, most)
    total = Tally()
    for row in rows:
        total.add(row)
    return SecondLine(
        total=total,
        solutions=solutions,
        accounts=accounts,
        worst=worst,
        failing_checks=failing_checks,
        since=asked,
        changes=changed,
        trends=drawn,
        coverage=covered,
        unowned=figures(reach.user, reach.moment),
        unexcused=_unexcused(reach, total.suppressed),
        all_accounts=all_accounts,
        all_solutions=all_solutions,
    )


def _unexcused(reach: Reach, suppressed: int) -> int:
    """What is suppressed in AWS without a live exception, for who may see the list of it. One query at most."""
    if not suppressed or not may(reach.user, "suppression.view"):
        return 0
    return suppressed - excused(reach.user, reach.moment, reach.where)


def by_solution(
    reach: Reach,
    rows: Iterable[dict[str, Any]],
    covered: Sequence[Place],
    changed: Changes,
    drawn: Trends,
    most: int | None,
) -> tuple[list[Group], int]:
    """So many solutions of the reach, worst share first, and last what belongs to none; and how many there are."""
    counts: dict[int | None, Tally] = defaultdict(Tally)
    for row in rows:
        for key in row["solutions"] or [None]:
            counts[key].add(row)
    found = sorted(reach.subject, key=lambda solution: _worst_first(solution.name, counts[solution.pk]))
    ranked = [*found, None] if None in counts else [*found]
    groups = [
        Group(
            name=solution.name if solution else _("No solution"),
            solution=solution,
            tally=counts[key],
            change=changed.by_solution.get(key, Change()),
            fails=drawn.fails_of(key),
            coverage=_of_accounts(covered, reach.places.get(key, frozenset()) if key else ()),
        )
        for solution in ranked[:most]
        for key in [solution.pk if solution else None]
    ]
    return groups, len(ranked)


def by_account(reach: Reach, covered: Sequence[Place], most: int | None) -> tuple[list[Group], int]:
    """So many accounts with a finding or with something to read, worst share first; and how many there are."""
    counts: dict[str, Tally] = defaultdict(Tally)
    for row in rows_by(reach.user, reach.moment, "account", *COUNTED, where=reach.where, dated=False):
        counts[row["account"]].add(row)
    found: dict[str, list[Place]] = defaultdict(list)
    for place in covered:
        found[place.account].append(place)
    ranked = sorted({*counts, *found}, key=lambda account: _worst_first(reach.name_of(account), counts[account]))
    groups = [
        Group(
            name=reach.name_of(account),
            account=account,
            tally=counts[account],
            coverage=figures_of_places(found[account]),
        )
        for account in ranked[:most]
    ]
    return groups, len(ranked)


def _worst_first(name: str, tally: Tally) -> tuple[int, float, str]:
    """Nothing assessed comes last: it is not known to be good."""
    share = tally.passed / tally.assessed if tally.assessed else 2.0
    return (0 if tally.assessed else 1, share, name.lower())


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
    tallies: dict[int, Tally] = defaultdict(Tally)
    for row in rows_by(reach.user, reach.moment, "check_ran", *COUNTED, where=reach.where & among, dated=False):
        tallies[row["check_ran"]].add(row)
    checks, found = checks_of(ranked), spread(reach.user, reach.moment, failing & among)
    for key, (_accounts, oldest) in found.items():
        tallies[key].first_failed = oldest
    return [WorstCheck(checks[key], tallies[key], found[key][0]) for key in ranked if key in found], len(fails)

"""Failing checks, grouped by check and account: what the first line works through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.moment import Moment
from dashboard.reach import Reach
from findings.fixes import Fix, fix_for
from findings.models import Check, FindingSpan, Status
from findings.parameters import SEVERITY_WORDS
from findings.provenance import Advice, advice_of
from findings.tallies import Tally, rows_by

OVERDUE, NEW = "overdue", "new"
HEAVY = ("description", "remediation_text", "standards", "requirements")
FAR = "9999"


def week_began(moment: Moment) -> datetime:
    """The latest Monday, in the reader's zone, that is at least a day before the moment: what is new since then."""
    day = timezone.localtime(moment.at).date() - timedelta(days=1)
    return timezone.make_aware(datetime.combine(day - timedelta(days=day.weekday()), time()))


@dataclass
class Failing:
    """One check in one account, asked once it is counted. new_since: what began to fail after it is new."""

    check_id: int
    account: str
    at: datetime
    new_since: datetime
    tally: Tally = field(default_factory=Tally)
    solutions: set[int] = field(default_factory=set)

    @property
    def is_new(self) -> bool:
        return bool(self.tally.first_failed and self.tally.first_failed >= self.new_since)

    @property
    def has_grown(self) -> bool:
        """It failed before, and more began to fail lately."""
        return not self.is_new and bool(self.tally.last_failed and self.tally.last_failed >= self.new_since)

    @cached_property
    def worst(self) -> int:
        return self.tally.worst

    @cached_property
    def due(self) -> datetime | None:
        return self.tally.due

    @cached_property
    def is_overdue(self) -> bool:
        return bool(self.due and self.due < self.at)

    @property
    def key(self) -> str:
        return f"K-{self.check_id}-{self.account}"

    @property
    def order(self) -> tuple[int | str, ...]:
        """Overdue first, then the worst, then what is due first, then the most."""
        due = self.due.isoformat() if self.due else FAR
        return (not self.is_overdue, -self.worst, due, -self.tally.failed, self.check_id, self.account)


@dataclass(frozen=True)
class Standing:
    """All that the home counts, once. total: of every finding; rows: the groups in which something fails."""

    total: Tally
    rows: list[Failing]

    @property
    def checks(self) -> int:
        return checks_in(self.rows)

    @property
    def new_checks(self) -> int:
        return checks_in(row for row in self.rows if row.is_new)

    @property
    def overdue_checks(self) -> int:
        return checks_in(row for row in self.rows if row.is_overdue)


def checks_in(rows: Iterable[Failing]) -> int:
    """How many checks: one that fails in several accounts is one."""
    return len({row.check_id for row in rows})


def standing(reach: Reach, where: Q | None = None) -> Standing:
    """What stands in the reach at its moment. One query beside those for the reader's rights."""
    total = Tally()
    groups: dict[tuple[int, str], Failing] = {}
    new_since = week_began(reach.moment)
    for row in _rows(reach, where):
        total.add(row)
        key = row["check_ran"], row["account"]
        group = groups.get(key)
        if group is None:
            group = groups[key] = Failing(*key, at=reach.moment.at, new_since=new_since)
        group.tally.add(row)
        group.solutions.update(row["solutions"])
    return Standing(total, [group for group in groups.values() if group.tally.failed])


def _rows(reach: Reach, where: Q | None) -> list[dict[str, Any]]:
    by = ("check_ran", "account", "solutions", "status", "severity", "suppressed")
    fails = Q(status=Status.FAIL, suppressed=False)
    return rows_by(reach.user, reach.moment, *by, where=reach.where & (where or Q()), dates_of=fails)


@dataclass(frozen=True)
class Narrowing:
    """What the reader wants to see of the failing checks. show: overdue, new or everything."""

    account: str = ""
    severity: int | None = None
    show: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> Narrowing:
        """Raises BadRequest where a value is none of those."""
        by_word = {word: rank for rank, word in SEVERITY_WORDS.items()}
        severity, show = query.get("severity", ""), query.get("show", "")
        if (severity and severity not in by_word) or show not in ("", OVERDUE, NEW):
            raise BadRequest(
                _("severity is critical, high, medium, low, informational or none; show is overdue or new")
            )
        return cls(query.get("account", ""), by_word.get(severity), show)

    def keeps(self, row: Failing, *, but: str = "") -> bool:
        """Whether the row is wanted; `but` names the part of the filter that is left out."""
        return (
            (but == "account" or not self.account or row.account == self.account)
            and (but == "severity" or self.severity is None or row.worst == self.severity)
            and (but == "show" or not self.show or (row.is_overdue if self.show == OVERDUE else row.is_new))
        )

    def of_rows(self, rows: Iterable[Failing], *, but: str = "") -> list[Failing]:
        return [row for row in rows if self.keeps(row, but=but)]


@dataclass(frozen=True)
class FailingRow:
    """A group as the page shows it."""

    group: Failing
    check: Check
    account: str
    solutions: Sequence[Any]


def described(groups: Sequence[Failing], reach: Reach) -> list[FailingRow]:
    """The groups with their checks. One query."""
    checks = checks_of(group.check_id for group in groups)
    return [
        FailingRow(group, checks[group.check_id], reach.name_of(group.account), reach.named(group.solutions))
        for group in groups
    ]


def checks_of(keys: Iterable[int]) -> Mapping[int, Check]:
    return Check.objects.defer(*HEAVY).in_bulk(set(keys))


@dataclass(frozen=True)
class Opened:
    """A row unfolded: what has failed for longest, and what to change, in our words or the product's own."""

    row: FailingRow
    spans: list[FindingSpan]
    fix: Fix | None
    advice: Advice | None


FIRST_FEW = 10


def opened(reach: Reach, key: str) -> Opened | None:
    """The row with this key, unfolded; None where nothing fails there (any more). Raises Http404 on a foreign key."""
    check_id, _, account = key.rpartition("-")
    where = Q(check_ran=Check.key_of(check_id), account=account)
    groups = standing(reach, where).rows
    if not groups:
        return None
    row = described(groups, reach)[0]
    spans = FindingSpan.objects.at(reach.moment).counted().failing().visible_to(reach.user)
    found = spans.filter(reach.where, where).select_related("finding", "finding__resource")
    few = list(found.order_by("status_since", "finding_id")[:FIRST_FEW])
    check = Check.objects.get(pk=row.check.pk)
    fix = fix_for(check)
    fix = fix.on(few[0].finding.resource) if fix and few else fix
    return Opened(row, few, fix, advice_of(check, None))

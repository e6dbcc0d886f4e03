"""Finding groups that an engineer works through: one check in one account of one solution, and where people stand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from django.db.models import Count, Q
from django.http import Http404

from audit.moment import Moment
from findings.acceptances import accepted_fails
from findings.models import Check, Workflow
from findings.tallies import Tally, rows_by
from organisation.models import Solution, User
from risks.models import Triage

HEAVY = ("description", "remediation_text", "standards", "requirements")


@dataclass(frozen=True, order=True)
class GroupKey:
    """As an address has it: K-12-111111111111-S-3."""

    check: int
    account: str
    solution: int

    def __str__(self) -> str:
        return f"{Check.public_prefix}-{self.check}-{self.account}-{Solution.public_prefix}-{self.solution}"

    @classmethod
    def of(cls, text: str) -> Self:
        """Raises Http404 where it is none."""
        parts = text.split("-")
        if len(parts) != 5 or not parts[2].isdecimal():
            raise Http404(f"{text} is no finding group")
        check, solution = Check.key_of("-".join(parts[:2])), Solution.key_of("-".join(parts[3:]))
        return cls(check, parts[2], solution)


@dataclass
class Group:
    """What fails, counted, and what people said of it. triage: None where nobody has said anything yet.

    accepted: how many of the fails stand under an exception.
    """

    key: GroupKey
    check: Check
    solution: Solution
    tally: Tally = field(default_factory=Tally)
    triage: Triage | None = None
    accepted: int = 0

    @property
    def status(self) -> str:
        return self.triage.status if self.triage else Triage.Status.TO_DO

    @property
    def is_accepted(self) -> bool:
        return self.accepted >= self.tally.failed

    @property
    def due(self) -> datetime | None:
        return self.tally.due

    def is_overdue(self, at: datetime) -> bool:
        return self.due is not None and self.due < at

    @property
    def mover(self) -> User | None:
        """Who said that they do it; None where it is anybody's who works on the solution."""
        return self.triage.assigned_to if self.triage else None


def groups(
    user: User, moment: Moment, solutions: Mapping[int, Solution], keys: Collection[GroupKey] | None = None
) -> list[Group]:
    """Those in which something fails and is not suppressed. Four queries, however many they are.

    solutions: by key, of those that the reader may see. keys: these alone; all of them where None.
    """
    where = Q(solutions__overlap=sorted(solutions), suppressed=False)
    if keys is not None:
        where &= Q(check_ran__in={one.check for one in keys}, account__in={one.account for one in keys})
    by = ("check_ran", "account", "solutions", "status", "severity", "suppressed")
    tallies: dict[GroupKey, Tally] = defaultdict(Tally)
    for row in rows_by(user, moment, *by, where=where):
        for solution in solutions.keys() & set(row["solutions"]):
            tallies[GroupKey(row["check_ran"], row["account"], solution)].add(row)
    failing = {key: one for key, one in tallies.items() if one.failed and (keys is None or key in keys)}
    checks = Check.objects.defer(*HEAVY).in_bulk({key.check for key in failing})
    said, accepted = triages(solutions), _accepted(moment, solutions)
    return [
        Group(key, checks[key.check], solutions[key.solution], tally, said.get(key), accepted[key])
        for key, tally in failing.items()
    ]


def _accepted(moment: Moment, solutions: Mapping[int, Solution]) -> Counter[GroupKey]:
    fails = accepted_fails(moment).filter(solutions__overlap=sorted(solutions)).exclude(workflow=Workflow.SUPPRESSED)
    found: Counter[GroupKey] = Counter()
    for check, account, owners, n in fails.values_list("check_ran", "account", "solutions").annotate(n=Count("pk")):
        for solution in solutions.keys() & set(owners):
            found[GroupKey(check, account, solution)] += n
    return found


def triages(solutions: Iterable[int]) -> dict[GroupKey, Triage]:
    rows = Triage.objects.filter(solution__in=list(solutions)).select_related("assigned_to", "changed_by")
    return {GroupKey(one.check_ran_id, one.account, one.solution_id): one for one in rows}

"""What a home is about: whose solutions, in which accounts, at which moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q
from django.http import Http404

from audit import clock
from audit.moment import Moment
from findings.parameters import NO_SOLUTION
from organisation.middleware import Request
from organisation.models import Account, Grant, Role, Solution, SolutionAccount, User

OWN = {Role.FIRST.value, Role.EXTERNAL.value}
"""Lines whose home is about the solutions that were granted to the person, whatever else they may see."""


@dataclass(frozen=True)
class Reach:
    """solutions: every solution that the home could be about. chosen: the one that the header picked.

    is_unowned: it is about what belongs to no solution. names: account id → its name.
    until: solution → the end of the reader's grant, where they hold one.
    places: solution → the accounts in which it lived at the moment.
    """

    user: User
    line: str
    moment: Moment
    solutions: Mapping[int, Solution]
    chosen: Solution | None
    is_unowned: bool
    names: Mapping[str, str]
    until: Mapping[int, datetime | None] = field(default_factory=dict)
    places: Mapping[int, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request, line: str) -> Reach:
        """Three queries, or four. Raises Http404 where the address names a solution that is not the reader's."""
        at = request.moment.at
        solutions = Solution.objects.in_use(at).visible_to(request.user)
        until: dict[int, datetime | None] = {}
        if line in OWN:
            until = dict(Grant.objects.held_by(request.user, clock.now()).values_list("solution", "valid_to"))
            solutions = solutions.filter(pk__in=until)
        known = {solution.pk: solution for solution in solutions}
        lived = SolutionAccount.objects.in_force(at).filter(solution__in=known)
        places: dict[int, set[str]] = defaultdict(set)
        for solution, account in lived.values_list("solution", "account__account_id"):
            places[solution].add(account)
        return cls(
            user=request.user,
            line=line,
            moment=request.moment,
            solutions=known,
            chosen=_chosen(request.GET.get("solution", ""), known),
            is_unowned=request.GET.get("solution") == NO_SOLUTION,
            names=dict(Account.objects.values_list("account_id", "name")),
            until=until,
            places={solution: frozenset(accounts) for solution, accounts in places.items()},
        )

    @property
    def subject(self) -> list[Solution]:
        """The solutions that the home speaks of: the chosen one, or all."""
        if self.is_unowned:
            return []
        return [self.chosen] if self.chosen else sorted(self.solutions.values(), key=lambda one: one.name.lower())

    @property
    def is_limited(self) -> bool:
        """Whether it speaks of some solutions only, not of the whole estate."""
        return self.line in OWN or self.chosen is not None

    @property
    def where(self) -> Q:
        """The condition on rows with `solutions`: what the home counts."""
        if self.is_unowned:
            return Q(solutions=[])
        return Q(solutions__overlap=[one.pk for one in self.subject]) if self.is_limited else Q()

    @property
    def door(self) -> list[str]:
        """The explorer's `solution` for the same rows; empty for the whole estate."""
        if self.is_unowned:
            return [NO_SOLUTION]
        return [one.public_id for one in self.subject] if self.is_limited else []

    @property
    def accounts(self) -> frozenset[str] | None:
        """Where the home's solutions lived; None for the whole estate."""
        if not self.is_limited or self.is_unowned:
            return None
        return frozenset().union(*(self.places.get(one.pk, frozenset()) for one in self.subject))

    def name_of(self, account: str) -> str:
        return self.names.get(account) or account

    def named(self, keys: Iterable[int]) -> list[Solution]:
        """The solutions with these keys that the reader may know of, by name."""
        found: Collection[Solution] = [self.solutions[key] for key in keys if key in self.solutions]
        return sorted(found, key=lambda one: one.name.lower())


def _chosen(public_id: str, solutions: Mapping[int, Solution]) -> Solution | None:
    if not public_id or public_id == NO_SOLUTION:
        return None
    found = solutions.get(Solution.key_of(public_id))
    if found is None:
        raise Http404(f"There is no {public_id}, or it is not yours to see")
    return found

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit import clock
from organisation.models.dated import Dated, DatedQuerySet
from organisation.models.person import Role, User
from organisation.models.solution import Solution, SolutionAccount

SEES_EVERYTHING = {Role.SECOND.value, Role.THIRD.value}


@pghistory.track()
class Grant(Dated):
    """A person may see a solution, from one moment to another, and why."""

    class Kind(models.TextChoices):
        OWNER = "owner", _("Owner")
        MEMBER = "member", _("Member")
        ASSURANCE = "assurance", _("Assurance")

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, related_name="grants")
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.MEMBER)
    granted_by = models.CharField(max_length=200, help_text="Public id of who granted it, or a process.")
    reason = models.CharField(max_length=500, blank=True)

    objects = DatedQuerySet["Grant"].as_manager()

    class Meta(Dated.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.person}: {self.get_kind_display()} of {self.solution}"


@dataclass(frozen=True)
class Visibility:
    """What a person may see today: everything, or some solutions.

    shared_accounts: the accounts in which those solutions live; what belongs to no solution
    there is theirs to see too, since it may be theirs to claim.
    """

    everything: bool
    solutions: frozenset[int] = frozenset()
    shared_accounts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, user: object) -> Self:
        if not isinstance(user, User) or not user.is_active:
            return cls(everything=False)
        if user.roles_today & SEES_EVERYTHING:
            return cls(everything=True)
        if not user.roles_today & {Role.FIRST.value, Role.EXTERNAL.value}:
            return cls(everything=False)
        at = clock.now()
        solutions = frozenset(user.grants.in_force(at).values_list("solution_id", flat=True))
        accounts: frozenset[str] = frozenset()
        if Role.FIRST in user.roles_today:
            places = SolutionAccount.objects.in_force(at).filter(solution__in=solutions)
            accounts = frozenset(places.values_list("account__account_id", flat=True))
        return cls(everything=False, solutions=solutions, shared_accounts=accounts)

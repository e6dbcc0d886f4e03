from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

import pghistory
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import clock, trail
from organisation.models.dated import Dated, DatedQuerySet
from organisation.models.delegation import Delegation
from organisation.models.person import Role, User
from organisation.models.solution import Solution, SolutionAccount

MANAGED = ("owner", "member")
SEES_EVERYTHING = {Role.SECOND.value, Role.THIRD.value}


class GrantQuerySet(DatedQuerySet["Grant"]):
    def owners(self, at: datetime) -> Self:
        return self.in_force(at).filter(kind=Grant.Kind.OWNER)

    def held_by(self, user: User, at: datetime) -> Self:
        """In force for them; on the first line those of whom they stand in for, too."""
        held = Q(person=user)
        if Role.FIRST in user.roles_in_view:
            held |= Q(person__in=Delegation.objects.delegators_of(user, at), kind__in=MANAGED)
        return self.in_force(at).filter(held)

    def managed(self) -> Self:
        """Those that people give on a solution's page; an engagement gives and ends its own."""
        return self.filter(kind__in=MANAGED)


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
    about_from = models.DateTimeField(null=True, blank=True)
    about_to = models.DateTimeField(null=True, blank=True, help_text="The period that an auditor from outside audits.")

    objects = GrantQuerySet.as_manager()

    class Meta(Dated.Meta):
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                name="grant_period_is_whole",
                condition=Q(about_from=None, about_to=None) | Q(about_to__gte=F("about_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_kind_display()} of {self.solution}"

    @classmethod
    @transaction.atomic
    def give(
        cls,
        solution: Solution,
        person: User,
        *,
        kind: str,
        reason: str,
        by: User | str,
        until: datetime | None = None,
        about: tuple[datetime, datetime] | None = None,
    ) -> Grant:
        """From now on `person` may see `solution`. by: a person, or the name of a process.

        about: the period that an auditor from outside audits, which is all that they may look at.
        """
        granted_by = by if isinstance(by, str) else by.public_id
        grant = cls.objects.create(
            solution=solution,
            person=person,
            kind=kind,
            reason=reason,
            granted_by=granted_by,
            valid_from=clock.now(),
            valid_to=until,
            about_from=about[0] if about else None,
            about_to=about[1] if about else None,
        )
        ends = {"until": until.isoformat(timespec="minutes")} if until else {}
        told = {"person": person.public_id, "kind": kind, "reason": reason, **ends}
        trail.record(by, "grant.given", solution, **told)
        return grant

    @transaction.atomic
    def end(self, *, reason: str, by: User | str) -> None:
        self.close(clock.now())
        told = {"person": self.person.public_id, "kind": self.kind, "reason": reason}
        trail.record(by, "grant.ended", self.solution, **told)


@dataclass(frozen=True)
class Visibility:
    """What a person sees today, through the line they look through: everything, or some solutions.

    Those for whom somebody of the first line stands in lend them their solutions for as long.

    shared_accounts: the accounts in which those solutions live; what belongs to no solution
    there is theirs to see too, since it may be theirs to claim. period: what an auditor from outside may look at, of
    all their engagements together; None for no limit.
    """

    everything: bool
    solutions: frozenset[int] = frozenset()
    shared_accounts: frozenset[str] = frozenset()
    period: tuple[datetime, datetime] | None = None

    def in_period(self, begins: str, ends: str) -> Q:
        """The condition that rows which hold from one of these fields to the other touch the period."""
        if self.period is None:
            return Q()
        return Q(**{f"{begins}__lte": self.period[1], f"{ends}__gte": self.period[0]})

    @classmethod
    def of(cls, user: object) -> Visibility:
        """What `user` may see; within a reading request it is looked up once. A process states what it counts for."""
        if isinstance(user, Visibility):
            return user
        if not isinstance(user, User):
            return cls(everything=False)
        if user.is_reading:
            return user.visibility
        return cls.today(user)

    @classmethod
    def today(cls, user: User) -> Self:
        if not user.is_active:
            return cls(everything=False)
        if user.roles_in_view & SEES_EVERYTHING:
            return cls(everything=True)
        if not user.roles_in_view & {Role.FIRST.value, Role.EXTERNAL.value}:
            return cls(everything=False)
        at = clock.now()
        grants = list(Grant.objects.held_by(user, at).values_list("solution_id", "about_from", "about_to"))
        solutions = frozenset(solution for solution, _begin, _end in grants)
        accounts: frozenset[str] = frozenset()
        if Role.FIRST in user.roles_in_view:
            places = SolutionAccount.objects.in_force(at).filter(solution__in=solutions)
            accounts = frozenset(places.values_list("account__account_id", flat=True))
        return cls(everything=False, solutions=solutions, shared_accounts=accounts, period=_period(grants))


def _period(grants: list[tuple[int, datetime | None, datetime | None]]) -> tuple[datetime, datetime] | None:
    """From the first beginning to the last end; None where a grant has no period, or there is none."""
    begins = [begin for _solution, begin, _end in grants if begin]
    ends = [end for _solution, _begin, end in grants if end]
    return (min(begins), max(ends)) if grants and len(begins) == len(ends) == len(grants) else None

"""One person stands in for another who is away, from one moment to another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Self

import pghistory
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q

from audit import clock, trail
from audit.public_id import PublicId
from audit.words import kept
from organisation.models.dated import Dated, DatedQuerySet
from organisation.models.person import Role, RoleAssignment, User

LONGEST = timedelta(days=90)
LINES = (Role.FIRST.value, Role.SECOND.value)
"""Those whose work another person can do meanwhile. An engagement's team is changed instead, by who leads it."""

Told = Callable[["Delegation", "User | str"], None]
_told: list[Told] = []


def on_delegation(tell: Told) -> None:
    """Call `tell(delegation, by)` in the transaction in which one is given or ended."""
    if tell not in _told:
        _told.append(tell)


class DelegationQuerySet(DatedQuerySet["Delegation"]):
    def counting(self, at: datetime) -> Self:
        """In force, as far as both may log in and stand on its line."""
        held = RoleAssignment.objects.in_force(at).filter(role=OuterRef("line"))
        both = [Exists(held.filter(person=OuterRef(name))) for name in ("delegator", "delegate")]
        return self.in_force(at).filter(*both, delegator__is_active=True, delegate__is_active=True)

    def delegators_of(self, user: User, at: datetime) -> models.QuerySet[Delegation, int]:
        """The keys of those for whom this person stands in."""
        return self.counting(at).filter(delegate=user).values_list("delegator", flat=True)

    def of(self, person: User) -> Self:
        """Those that they gave and those that were given to them."""
        return self.filter(Q(delegator=person) | Q(delegate=person))

    def touching(self, since: datetime, until: datetime) -> Self:
        """In force at some moment of a period."""
        return self.filter(Q(valid_to__gt=F("valid_from")), valid_from__lt=until, valid_to__gt=since)

    def listed(self) -> Self:
        """But for those that were called off before they began."""
        return (
            self.filter(valid_to__gt=F("valid_from"))
            .select_related("delegator", "delegate")
            .order_by("valid_from", "id")
        )


@pghistory.track()
class Delegation(PublicId, Dated):
    """What awaits the delegator the delegate may do too, and what is the delegator's alone stays theirs.

    line: on which both stood when it was given, and stand for as long as it counts. One delegate for each person at a
    time. It never passes on: who stands in for the delegate does not stand in for the delegator.
    """

    public_prefix = "DG"

    delegator = models.ForeignKey(User, on_delete=models.PROTECT, related_name="delegations_given")
    delegate = models.ForeignKey(User, on_delete=models.PROTECT, related_name="delegations_taken")
    line = models.CharField(max_length=20, choices=Role.choices)
    given_by = models.CharField(max_length=200, help_text="Public id of who gave it, or a process.")
    reason = models.CharField(max_length=500)

    objects = DelegationQuerySet.as_manager()

    class Meta(Dated.Meta):
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(name="delegation_is_to_another", condition=~Q(delegate=F("delegator"))),
            models.CheckConstraint(
                name="delegation_has_an_end",
                condition=Q(valid_to__isnull=False, valid_to__lte=F("valid_from") + LONGEST),
            ),
            models.CheckConstraint(name="delegation_is_of_a_line", condition=Q(line__in=LINES)),
            models.CheckConstraint(name="delegation_says_why", condition=~Q(reason="")),
        ]
        indexes = [models.Index(fields=["delegate", "valid_to"], name="delegations_taken")]

    def __str__(self) -> str:
        return f"{self.delegate} for {self.delegator}"

    def is_in_force(self, at: datetime) -> bool:
        return self.valid_from <= at and self.ends_at > at

    @property
    def ends_at(self) -> datetime:
        """The first moment at which it holds no longer."""
        assert self.valid_to is not None
        return self.valid_to

    @property
    def last_moment(self) -> datetime:
        """For people, who say until which day."""
        return self.ends_at - timedelta(seconds=1)

    @classmethod
    @transaction.atomic
    def give(
        cls, delegator: User, delegate: User, *, since: datetime | None, until: datetime, reason: str, by: User | str
    ) -> Delegation:
        """since: now, or a moment to come. Raises NotAllowed."""
        from organisation.delegating import refuse

        # in the order of their keys: two who name each other wait, and do not lock each other out
        list(User.objects.select_for_update().filter(pk__in=[delegator.pk, delegate.pk]).order_by("pk"))
        at = clock.now()
        line = refuse(delegator, delegate, since=since or at, until=until, at=at)
        made = cls.objects.create(
            delegator=delegator,
            delegate=delegate,
            line=line,
            given_by=by if isinstance(by, str) else by.public_id,
            reason=reason,
            valid_from=since or at,
            valid_to=until,
        )
        trail.record(by, "delegation.given", made, reason=reason, **made._told)
        made._tell(by)
        return made

    @transaction.atomic
    def end(self, *, reason: str, by: User | str) -> None:
        """It holds no longer. What the delegate did meanwhile stays as it is."""
        self.close(clock.now())
        trail.record(by, "delegation.ended", self, reason=reason, **self._told)
        self._tell(by)

    @property
    def _told(self) -> dict[str, str]:
        """What the trail keeps of it."""
        days = {"from": self.valid_from.isoformat(timespec="minutes"), "until": self.ends_at.isoformat("T", "minutes")}
        return {"delegator": self.delegator.public_id, "delegate": self.delegate.public_id, "line": self.line, **days}

    def _tell(self, by: User | str) -> None:
        for person in (self.delegator, self.delegate):
            person.__dict__.pop("standing_in", None)
        for tell in _told:
            tell(self, by)


def end_all(person: User, line: str, *, reason: str, by: User | str) -> None:
    """Whoever stands on the line no longer neither stands in on it nor is stood in for."""
    for one in Delegation.objects.of(person).filter(line=line).not_ended(clock.now()).listed():
        one.end(reason=reason or kept("Their role ended"), by=by)

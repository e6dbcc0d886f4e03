"""Who stands in for whom: the one place that says it, for rights, for lists and for every rule of two people.

A delegate acts for themself and for whoever they stand in for today: what is somebody's by name or by their part in a
solution is the delegate's to do as well. Where another person has to confirm, both hands count as one: nobody confirms
what they did, what those did for whom they stand in, or what was done by who stood in for one of these at the time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db.models import Q, QuerySet

from audit import clock
from organisation.models import Delegation, Grant, Solution, User
from organisation.models.grant import MANAGED


@dataclass(frozen=True)
class StandingIn:
    """Of one person, today. taken: in force, by which they stand in for others. given: in force or to come, by which
    others stand in for them. meanwhile: every one that was ever given by them, or by whom they stand in for.
    """

    taken: tuple[Delegation, ...] = ()
    given: tuple[Delegation, ...] = ()
    meanwhile: tuple[Delegation, ...] = ()

    @classmethod
    def today(cls, person: User) -> Self:
        """One query. The person keeps it (`User.standing_in`), for the length of a request."""
        at = clock.now()
        away = Delegation.objects.delegators_of(person, at)
        rows = tuple(Delegation.objects.filter(Q(delegator=person) | Q(delegator__in=away)).listed())
        taken = tuple(one for one in rows if one.delegate_id == person.pk and one.is_in_force(at))
        given = tuple(one for one in rows if one.delegator_id == person.pk and one.ends_at > at)
        return cls(taken, given, rows)

    @property
    def delegators(self) -> list[User]:
        return [one.delegator for one in self.taken]

    @property
    def given_now(self) -> Delegation | None:
        at = clock.now()
        return next((one for one in self.given if one.is_in_force(at)), None)


def hands(user: User) -> QuerySet[User]:
    """The person and those for whom they stand in today, to stand in a query: `owner__in=hands(user)`."""
    away = Delegation.objects.delegators_of(user, clock.now())
    found: QuerySet[User] = User.objects.filter(Q(pk=user.pk) | Q(pk__in=away))
    return found


def people(person: User) -> list[User]:
    """The person, and those for whom they stand in today."""
    return [person, *person.standing_in.delegators]


def by_right(
    person: User, owners: Iterable[User | None] = (), *, part_in: Solution | None = None, as_owner: bool = False
) -> bool:
    """Whether something that is one of these people's, or of who has part in a solution, is theirs to do.

    as_owner: only those who own the solution. What they do next is recorded as done for whom they stand in, unless it
    is theirs in their own right.
    """
    names = {one.pk for one in owners if one}
    if person.pk in names or (part_in and _parts(part_in, as_owner).filter(person=person).exists()):
        person.acting_for = None
        return True
    away = person.standing_in.delegators
    found = next((one for one in away if one.pk in names), None)
    if found is None and away and part_in:
        parts = _parts(part_in, as_owner).filter(person__in=away, kind__in=MANAGED)
        having = set(parts.values_list("person_id", flat=True))
        found = next((one for one in away if one.pk in having), None)
    if found is not None:
        person.acting_for = found
    return found is not None


def _parts(solution: Solution, as_owner: bool) -> QuerySet[Grant]:
    at = clock.now()
    return (Grant.objects.owners(at) if as_owner else Grant.objects.in_force(at)).filter(solution=solution)


def parts_of(person: User, at: datetime) -> dict[int, set[int]]:
    """By solution, who of these hands has part in it: keys of both. One query."""
    found: dict[int, set[int]] = defaultdict(set)
    rows = Grant.objects.managed().in_force(at).filter(person__in=people(person))
    for solution, holder in rows.values_list("solution", "person"):
        found[solution].add(holder)
    return found


def for_whom(person: User, *owners: User | int | None) -> str:
    """Whose it is, of those for whom they stand in; "" where it is (also) their own, or nobody's of these."""
    keys = {one.pk if isinstance(one, User) else one for one in owners}
    if person.pk in keys:
        return ""
    return next((one.name for one in person.standing_in.delegators if one.pk in keys), "")


def same_hands(person: User, author: User | int | None, at: datetime | None = None) -> bool:
    """Whether what `author` did at a moment (None: now) counts as done by `person`, who acts now."""
    key = author.pk if isinstance(author, User) else author
    if key is None:
        return False
    if key in {one.pk for one in people(person)}:
        return True
    then = at or clock.now()
    return any(one.delegate_id == key and one.is_in_force(then) for one in person.standing_in.meanwhile)


def done_by_same_hands(person: User, author: str, at: str, *, by_public_id: bool = False) -> Q:
    """The condition on rows whose fields `author` and `at` say that these hands did it. See `same_hands`."""

    def is_by(one: User) -> Q:
        return Q(**{author: one.public_id if by_public_id else one})

    found = Q()
    for one in people(person):
        found |= is_by(one)
    for row in person.standing_in.meanwhile:
        begins, ends = {f"{at}__gte": row.valid_from}, {f"{at}__lt": row.ends_at}
        found |= is_by(row.delegate) & Q(**begins, **ends)
    return found

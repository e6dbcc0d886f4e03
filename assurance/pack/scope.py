"""What a pack asks of: its solutions and its moment, and what people and solutions were called then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.db.models import Q

from assurance.models import Pack
from audit.models import TrailEntry
from audit.moment import Moment
from controls.models import FrameworkVersion
from organisation.models import Role, RoleAssignment, Solution, User, Visibility

EVERYTHING = Visibility(everything=True)
"""Whoever asks for a pack is held to what they may see when they ask; what is gathered is the pack's solutions'."""
NAMED = {"user": "person.changed", "solution": "solution.changed"}


@dataclass(frozen=True)
class Scope:
    """moment: of the figures. known_at: by when what people stated counts, since they speak of a period after it.

    names: of people, by key. confidentially: whether all who may take the pack away may read what is confidential.
    """

    pack: Pack
    moment: Moment
    known_at: datetime
    version: FrameworkVersion
    solutions: list[Solution]
    names: Mapping[int, str]
    confidentially: bool

    @classmethod
    def of(cls, pack: Pack) -> Self:
        """Seven queries."""
        at = min(pack.about_to, pack.known_at)
        return cls(
            pack=pack,
            moment=Moment(at, pack.known_at),
            known_at=pack.known_at,
            version=FrameworkVersion.objects.select_related("framework").get(pk=pack.framework_id),
            solutions=_solutions(pack),
            names=_names(pack.known_at),
            confidentially=_confidentially(pack),
        )

    @property
    def keys(self) -> list[int]:
        return [one.pk for one in self.solutions]

    @property
    def within(self) -> Q:
        """The condition on rows of a solution: of one of these, or the organisation's."""
        return Q(solution=None) | Q(solution__in=self.keys)

    def touches(self, begins: str, ends: str) -> Q:
        """The condition that a row's period, up to the first moment after it, touches the pack's."""
        return Q(**{f"{begins}__lte": self.pack.about_to}) & Q(**{f"{ends}__gte": self.pack.about_from})

    def name(self, person: int | None) -> str:
        return self.names[person] if person else ""


def _solutions(pack: Pack) -> list[Solution]:
    found = list(pack.solutions.order_by("pk"))
    was = _before("solution", pack.known_at)
    for one in found:
        one.name = was.get((one.public_id, "name"), one.name)
        one.description = was.get((one.public_id, "description"), one.description)
    return sorted(found, key=lambda one: (one.name, one.pk))


def _names(at: datetime) -> dict[int, str]:
    was = _before("user", at)
    people = User.objects.only("pk", "name")
    return {one.pk: was.get((one.public_id, "name"), one.name) for one in people}


def _before(kind: str, at: datetime) -> dict[tuple[str, str], Any]:
    """(public id, field) → what stood there at a moment, where it was changed since."""
    found: dict[tuple[str, str], Any] = {}
    for entry in TrailEntry.objects.filter(kind=kind, action=NAMED[kind], at__gt=at).last_first():
        for name, (before, _after) in entry.detail.get("changed", {}).items():
            found[entry.object_id, name] = before
    return found


def _confidentially(pack: Pack) -> bool:
    """Nobody from outside reads what is confidential; who of them could take the pack away is known by its team."""
    if pack.engagement is None:
        return True
    return not pack.engagement.from_outside and not _from_outside(pack)


def _from_outside(pack: Pack) -> bool:
    assert pack.engagement
    people = pack.engagement.team.filter(valid_from__lte=pack.known_at).values("person")
    roles = RoleAssignment.objects.filter(person__in=people, role=Role.EXTERNAL, valid_from__lte=pack.known_at)
    return roles.exists()


def dated(moment: datetime | None, by: datetime) -> bool:
    """Whether something happened by a moment."""
    return moment is not None and moment <= by


def each_once(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))

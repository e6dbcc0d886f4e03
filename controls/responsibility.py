"""What follows from the areas: whose a requirement is for a service type, and on which statements it rests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from controls.models import Area, AreaRule, Edition, Framework, Party, RequirementAreas, Responsibility, ServiceType
from controls.models.requirement_areas import Rules
from controls.models.responsibility import then

Held = Mapping[tuple[int, str], Responsibility]
"""(service, area) → the statement that holds."""


def follows(parties: Iterable[str | None]) -> Party | None:
    """All the provider's: the provider's; all the customer's: the customer's; else shared.

    Parts that a service does not have are left out. None where one is not assigned, or nothing is said at all.
    """
    said = list(parties)
    known = [Party(party) for party in said if party is not None]
    if not said or len(known) < len(said):
        return None
    real = set(known) - {Party.NONE}
    if not real:
        return Party.NONE
    return real.pop() if len(real) == 1 else Party.SHARED


def held_for(services: Collection[ServiceType], at: datetime) -> Held:
    return then(Responsibility.objects.filter(service__in=services), at)


@dataclass(frozen=True)
class About:
    """The areas of a requirement, and the statement that says so; None where nobody did."""

    areas: Sequence[str] = ()
    said: AreaRule | RequirementAreas | None = None

    @property
    def labels(self) -> list[str]:
        return [str(Area(area).label) for area in self.areas]

    @property
    def is_ours(self) -> bool:
        """Whether a person of the organisation says it, not the library."""
        return isinstance(self.said, RequirementAreas)


def abouts(framework: Framework, editions: Collection[Edition], at: datetime) -> dict[int, About]:
    """Requirement → what it is about at a moment. Two queries; editions come with requirement and section."""
    rules = Rules(framework, at)
    own = {
        one.requirement_id: one
        for one in RequirementAreas.objects.at(at)
        .filter(requirement__framework=framework, areas__isnull=False)
        .select_related("stated_by")
    }
    found: dict[int, About] = {}
    for one in editions:
        said: AreaRule | RequirementAreas | None = own.get(one.requirement_id)
        if said is None:
            said = rules.most_specific(one.requirement.key, one.section.path if one.section else "")
        found[one.requirement_id] = About(tuple(said.areas or ()), said) if said else About()
    return found


@dataclass(frozen=True)
class Answer:
    """Whose a requirement is for one service type. why: the statement of each area, None where there is none."""

    service: ServiceType
    party: Party | None
    why: Sequence[tuple[str, Responsibility | None]]

    @property
    def provider_areas(self) -> tuple[str, ...]:
        """Those in which the provider has a part."""
        return tuple(area for area, said in self.why if said and said.party in (Party.PROVIDER, Party.SHARED))

    @property
    def unassigned(self) -> list[str]:
        return [str(Area(area).label) for area, said in self.why if said is None]

    @property
    def reasons(self) -> str:
        """For a tip and a file: each area, whose it is and why."""
        return " ".join(
            f"{Area(area).label}: {said.get_party_display()}. {said.because}" for area, said in self.why if said
        )


def answer(about: About, service: ServiceType, held: Held) -> Answer:
    why = [(area, held.get((service.pk, area))) for area in about.areas]
    return Answer(service, follows(said.party if said else None for _, said in why), why)

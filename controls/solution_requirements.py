"""Whose each requirement of a framework is for a solution, from the service types that it uses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controls.models import Edition, FrameworkVersion, Party, ServiceType
from controls.provider_parts import ProviderPart, Report, Shown, provider_part, reports_at
from controls.responsibility import About, Answer, Held, abouts, answer, follows, held_for
from controls.used_services import Use

WHOSE = (Party.PROVIDER, Party.SHARED, Party.CUSTOMER, Party.NONE, None)


@dataclass(frozen=True)
class Whose:
    """For all service types that a solution uses. party: what follows from theirs; None: not assigned.

    by_party: party → the answers. parts: how far reports show the provider's part → (service, part).
    """

    party: Party | None
    by_party: dict[Party | None, list[Answer]]
    parts: dict[Shown, list[tuple[ServiceType, ProviderPart]]]

    @property
    def cells(self) -> list[tuple[Party | None, list[Answer]]]:
        """Provider, shared, customer, no such part, not assigned: in this order, those that occur."""
        return [(party, self.by_party[party]) for party in WHOSE if self.by_party.get(party)]

    @property
    def told_parts(self) -> list[tuple[Shown, list[tuple[ServiceType, ProviderPart]], datetime | None]]:
        """State, the service types in it, and the last day for which all of them are shown."""
        return [
            (state, found, min((part.until_day for _service, part in found if part.until_day), default=None))
            for state, found in self.parts.items()
        ]


def whose(about: About, uses: Sequence[Use], held: Held, reports: Sequence[Report], framework: int) -> Whose:
    by_party: dict[Party | None, list[Answer]] = defaultdict(list)
    parts: dict[Shown, list[tuple[ServiceType, ProviderPart]]] = defaultdict(list)
    for use in uses:
        if use.service is None:
            continue
        told = answer(about, use.service, held)
        by_party[told.party].append(told)
        part = provider_part(told.provider_areas, use.service.pk, use.regions, reports, framework)
        if part:
            parts[part.state].append((use.service, part))
    every = [party for party, answers in by_party.items() for _ in answers]
    return Whose(follows(every), dict(by_party), dict(parts))


@dataclass(frozen=True)
class Row:
    edition: Edition
    about: About
    whose: Whose


def rows_of(version: FrameworkVersion, uses: Sequence[Use], at: datetime) -> list[Row]:
    """Every requirement of a version. Eight queries, however many there are."""
    editions: Any = version.editions.asked().select_related("requirement", "section").order_by("position", "pk")
    found = list(editions.defer("text", "guidance", "parameters"))
    about = abouts(version.framework, found, at)
    held = held_for([use.service for use in uses if use.service], at)
    reports = reports_at(at)
    known: dict[tuple[str, ...], Whose] = {}
    rows = []
    for one in found:
        said = about[one.requirement_id]
        key = tuple(said.areas)
        if key not in known:
            known[key] = whose(said, uses, held, reports, version.framework_id)
        rows.append(Row(one, said, known[key]))
    return rows

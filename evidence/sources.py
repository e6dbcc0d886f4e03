"""What evidence is asked for: things of floors above, which say how they read and whose they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import Http404

from organisation.models import User


@dataclass(frozen=True)
class Source:
    """kind, public_id: as a request keeps them. team: who may ask for it and settle what was asked for it, today."""

    kind: str
    public_id: str
    title: str
    url: str
    team: frozenset[int] = frozenset()

    @property
    def key(self) -> str:
        """As an address has it."""
        return f"{self.kind}:{self.public_id}"

    def is_of(self, person: User) -> bool:
        return person.pk in self.team


Found = Callable[[str], Source | None]
"""What a public id names, to anybody; None where there is no such thing."""

_found: dict[str, Found] = {}


def register(kind: str, found: Found) -> None:
    """A floor above names its kind when its app is ready, e.g. "engagement"."""
    _found[kind] = found


def source_of(kind: str, public_id: str) -> Source | None:
    """None where nothing is kept, or nobody registered its kind."""
    return _found[kind](public_id) if kind in _found else None


def asked_for(key: str, person: User) -> Source | None:
    """What an address names by its `source`, to somebody of its team; None for an empty one. Raises Http404."""
    if not key:
        return None
    kind, _colon, public_id = key.partition(":")
    found = source_of(kind, public_id)
    if found is None or not found.is_of(person):
        raise Http404(f"There is no {key}, or it is not yours to ask for")
    return found

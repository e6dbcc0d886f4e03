"""What a file says, whatever its format: readers make these, nothing here knows the database.

None stands for "the file does not tell", and leaves what is known as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ReadSection:
    """path: labels from the top, by "/"; a section stands after the one that it is part of."""

    path: str
    label: str
    title: str


@dataclass(frozen=True)
class ReadRequirement:
    """section: a path. parent: the key of the requirement that it is a part of."""

    key: str
    label: str
    title: str | None = None
    section: str = ""
    parent: str = ""
    native: str = ""
    text: str | None = None
    guidance: str | None = None
    obligation: str | None = None
    classifications: Sequence[str] | None = None
    parameters: Sequence[Mapping[str, Any]] | None = None
    baselines: Sequence[str] = ()


@dataclass(frozen=True)
class ReadCatalogue:
    """title, version, published_on: as the file says, empty where it does not."""

    title: str
    version: str
    published_on: str
    sections: Sequence[ReadSection]
    requirements: Sequence[ReadRequirement]


@dataclass(frozen=True)
class ReadProfile:
    """natives: the selected ids in the format's own form; every: it selects the whole catalogue."""

    title: str
    version: str
    published_on: str
    natives: Sequence[str]
    every: bool = False


@dataclass(frozen=True)
class ReadRule:
    logical_id: str
    name: str
    owner: str
    identifier: str = ""
    condition: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    resource_types: Sequence[str] = ()
    frequency: str = ""
    description: str = ""
    controls: Sequence[str] = ()
    states: Sequence[Mapping[str, str]] = ()
    policy: str = ""


@dataclass(frozen=True)
class ReadPack:
    """key_word: what the descriptions call the ids of the framework that they name, empty for none."""

    parameters: Sequence[Mapping[str, Any]]
    conditions: Mapping[str, Any]
    rules: Sequence[ReadRule]
    remediations: Sequence[Mapping[str, Any]]
    key_word: str = ""

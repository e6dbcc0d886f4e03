"""What is made of new findings before the transaction that merges them, while the ones before them are merged."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import connection as database

from findings.merge import held
from findings.merge import staging_tables as tables
from findings.models import RecordDictionary, Source
from findings.models.record import Dictionary, compressed
from findings.parallel import giving_way
from findings.staging import StagedCheck, StagedFinding, StagedResource

REMEMBERED = 1 << 19
"""Resources that one reading remembers to have told of, in eight bytes each."""
Lines = list[tuple[object, ...]]
Bodies = dict[UUID, bytes]
CheckKey = tuple[Source, str]
Pack = Callable[[Source, list[bytes]], list[bytes]]


@dataclass
class Made:
    """read: the rows that it was made of. sources: of how many findings. latest: each finding once. checks: what no
    window before has told of them. bodies: the records as they are kept. blocks: what each staging table takes, where
    every finding is new; of resources, too, what no window before has told. staged: there they stand already, in the
    transaction that merges them. more: once resources that nobody knew are added, what else is told of others.
    """

    read: int
    sources: Counter[Source]
    latest: list[StagedFinding]
    checks: list[StagedCheck]
    bodies: Bodies
    blocks: Mapping[str, bytes | Lines]
    staged: bool = False
    more: Lines | None = None

    def hold_blocks_only(self) -> None:
        """For who is going to stage all of it."""
        self.latest, self.bodies = [], {}


class Ahead:
    """Makes it in another thread than the one that merges, which this is created in, without the database."""

    def __init__(self, source: Source, dictionary: Dictionary) -> None:
        self._source, self._dictionary = source, dictionary
        self._told, self._checks = _Told(), dict[CheckKey, StagedCheck]()
        self._cursor = database.connection.cursor()

    @classmethod
    def of(cls, source: Source) -> Ahead | None:
        """For findings of one source; None until records of it have taught its dictionary."""
        dictionary = RecordDictionary.objects.of(source)
        return cls(source, dictionary) if dictionary else None

    def learn(self) -> None:
        """Go on with what records have taught since. In the thread that merges."""
        self._dictionary = RecordDictionary.objects.of(self._source) or self._dictionary

    def made(self, rows: Iterable[StagedFinding]) -> Made:
        """Of all rows of a window. They hold their records no longer."""
        read = list(rows)
        latest = held.latest(read)
        bodies = packed(latest, lambda _source, records: compressed(records, self._dictionary))
        lines = stages(latest, bodies, self._told.again)
        blocks = {name: tables.written(self._cursor, giving_way(some)) for name, some in lines.items()}
        sources = Counter(row.source for row in latest)
        return Made(len(read), sources, latest, self._untold(checks_of(latest)), bodies, blocks)

    def _untold(self, checks: Mapping[CheckKey, StagedCheck]) -> list[StagedCheck]:
        untold = {key: check for key, check in checks.items() if self._checks.get(key) != check}
        self._checks |= untold
        return list(untold.values())


class _Told:
    """What one reading told last of each resource, as far as it remembers: it need not tell that again."""

    def __init__(self) -> None:
        self._told = array("q", [0]) * REMEMBERED

    def again(self, resource: StagedResource) -> bool:
        """Whether this is what was told last; from now on it is."""
        place, said = hash(resource.key) % REMEMBERED, hash((resource, orjson.dumps(resource.tags)))
        before, self._told[place] = self._told[place], said
        return before == said


def checks_of(rows: Iterable[StagedFinding]) -> dict[CheckKey, StagedCheck]:
    """What they tell of their checks; of each what is told last."""
    return {(row.source, row.check.key): row.check for row in rows}


def packed(rows: Sequence[StagedFinding], pack: Pack) -> Bodies:
    """The raw records as they are kept; the rows themselves hold them no longer."""
    found: Bodies = {}
    for source in {row.source for row in rows}:
        some = [row for row in rows if row.source is source]
        found |= zip((row.uid for row in some), pack(source, [row.raw for row in some]), strict=True)
    for row in rows:
        row.raw = b""
    return found


def stages(
    rows: Sequence[StagedFinding], bodies: Bodies, told: Callable[[StagedResource], bool] = lambda _: False
) -> dict[str, Iterable[Any]]:
    """The lines of each staging table. told: whether a resource need not be told of any more."""
    named = dict.fromkeys(resource for row in rows for resource in row.resources)
    links = (
        (row.uid.hex, tables.clean(resource.key), position)
        for row in rows
        for position, resource in enumerate(row.resources)
    )
    return {
        "stage_resource": (tables.resource_row(resource) for resource in named if not told(resource)),
        "stage_link": links,
        "stage_finding": (tables.finding_row(row, bodies[row.uid]) for row in rows),
    }

"""What a backup says of itself: manifest.json in its folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
NAME = "manifest.json"


class CannotRestore(Exception):
    """The message says why, and what to do."""


@dataclass(frozen=True)
class Table:
    """sha256: of the rows in the order of the key, as PostgreSQL's COPY writes them as text, in UTC."""

    columns: list[str]
    rows: int
    sha256: str


@dataclass(frozen=True)
class Kept:
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """taken_at: ISO, of the snapshot. migrations: "app.name", applied. sequences: last value, and whether it was given.

    files: of the store of evidence, by name; None where they were left out. left_out: tables whose rows are not in it.
    """

    taken_at: str
    software: str
    migrations: list[str]
    tables: dict[str, Table]
    sequences: dict[str, tuple[int, bool]]
    files: dict[str, Kept] | None
    left_out: list[str]
    format: int = FORMAT

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())

    def write(self, folder: Path) -> str:
        """Answers its SHA-256."""
        content = (json.dumps(asdict(self), indent=1, sort_keys=True) + "\n").encode()
        (folder / NAME).write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    @classmethod
    def read(cls, folder: Path) -> tuple[Manifest, str]:
        """It and its SHA-256. Raises CannotRestore."""
        try:
            content = (folder / NAME).read_bytes()
            said: dict[str, Any] = json.loads(content)
            if said["format"] != FORMAT:
                raise CannotRestore(f"{folder / NAME} is of format {said['format']}; this version reads {FORMAT}.")
            said["tables"] = {name: Table(**one) for name, one in said["tables"].items()}
            said["sequences"] = {name: (int(last), bool(given)) for name, (last, given) in said["sequences"].items()}
            if said["files"] is not None:
                said["files"] = {name: Kept(**one) for name, one in said["files"].items()}
            return cls(**said), hashlib.sha256(content).hexdigest()
        except OSError as error:
            raise CannotRestore(f"{folder} holds no finished backup: {NAME} cannot be read.") from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CannotRestore(f"{folder / NAME} is no manifest of a backup, or was changed.") from error

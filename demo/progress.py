"""How far the first run has come, so that an interrupted one goes on where it stopped."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Progress:
    """database: whose data this is about. days_back: the last moment of the history that was read."""

    file: Path
    database: str
    connected: bool = False
    days_back: float | None = None
    people: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, file: Path, database: str) -> "Progress":
        """What FILE says about DATABASE; from the beginning where it says nothing or speaks of another."""
        written = cls.read(file) if file.exists() else None
        return written if written and written.database == database else cls(file, database)

    @classmethod
    def read(cls, file: Path) -> "Progress":
        return cls(file, **json.loads(file.read_text()))

    @property
    def complete(self) -> bool:
        return self.days_back == 0

    def save(self) -> None:
        content = {name: value for name, value in asdict(self).items() if name != "file"}
        write_private(self.file, json.dumps(content, indent=1))


def write_private(path: Path, text: str) -> None:
    """Write the whole file or nothing, readable by its owner only."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    beside.replace(path)

"""What applying a file would change, told before and found again when it is applied."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

LONGEST_WORDS = 120


@dataclass
class Difference:
    """added, withdrawn: [{"key", "label", "title"}]. changed: the same and "what": field → [before, after],
    long texts shortened. unchanged: how many. about: other facts that change, name → [before, after].
    """

    added: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    withdrawn: list[dict[str, Any]] = field(default_factory=list)
    unchanged: int = 0
    about: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.withdrawn or self.about)

    def told(self) -> dict[str, Any]:
        return {
            "added": self.added,
            "changed": self.changed,
            "withdrawn": self.withdrawn,
            "unchanged": self.unchanged,
            "about": self.about,
            "digest": self.digest,
        }

    @property
    def counts(self) -> dict[str, int]:
        return {
            "added": len(self.added),
            "changed": len(self.changed),
            "withdrawn": len(self.withdrawn),
            "unchanged": self.unchanged,
        }

    @property
    def digest(self) -> str:
        """The same for the same changes: what was previewed can be recognised."""
        told = [self.added, self.changed, self.withdrawn, self.about]
        return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def entry(key: str, label: str, title: str | None) -> dict[str, Any]:
    return {"key": key, "label": label, "title": title or ""}


def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Field → [before, after] where they differ; what `after` does not tell (None) stays."""
    return {
        name: [shortened(before[name]), shortened(value)]
        for name, value in after.items()
        if value is not None and before[name] != value
    }


def shortened(value: Any) -> Any:
    """Short enough for a preview; a digest keeps two long texts with the same beginning apart."""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if len(text) <= LONGEST_WORDS:
        return value
    return f"{text[:LONGEST_WORDS]}… ({hashlib.sha256(text.encode()).hexdigest()[:8]})"

"""Where the report tells of a thing in full, so that other pages can lead there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from assurance.pack.contents import Contents

SHOWN = 200
"""Lines of a long list in the report; its CSV has them all."""


class Places:
    """Anchors by public id, of what the report shows."""

    def __init__(self, contents: Contents) -> None:
        lists: dict[str, Sequence[Any]] = {
            "control": contents.controls,
            "exception": contents.exceptions[:SHOWN],
            "risk": contents.risks[:SHOWN],
            "report": contents.provider_reports,
            "evidence": contents.evidence[:SHOWN],
        }
        self._anchors = {one.id: f"{kind}-{number}" for kind, some in lists.items() for number, one in enumerate(some)}

    def of(self, public_id: str) -> str:
        """Empty where the report does not tell of it."""
        return self._anchors.get(public_id, "")

    def references(self, ids: Iterable[str]) -> list[dict[str, str]]:
        return [{"id": one, "anchor": self.of(one)} for one in ids]

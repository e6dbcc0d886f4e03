"""Result lists that paging walks through: a page's token stays good while its list is remembered."""

from __future__ import annotations

from collections import OrderedDict
from uuid import uuid4

from sandbox.world import Finding

_REMEMBERED = 48


class Snapshots:
    """The most recent lists; an older one's token is refused, as AWS refuses an expired one."""

    def __init__(self) -> None:
        self._lists: OrderedDict[str, list[Finding]] = OrderedDict()

    def keep(self, findings: list[Finding]) -> str:
        name = uuid4().hex
        self._lists[name] = findings
        while len(self._lists) > _REMEMBERED:
            self._lists.popitem(last=False)
        return name

    def get(self, name: str) -> list[Finding] | None:
        found = self._lists.get(name)
        if found is not None:
            self._lists.move_to_end(name)
        return found

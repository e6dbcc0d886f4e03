"""Windows of findings on their way into the database, one behind the reading.

While PostgreSQL merges a window, a thread stages the next one and makes of it all that needs no transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from findings.merge import Ahead, Made
from findings.models import Source
from findings.parallel import giving_way, short_turns
from findings.reading import Reading, Row
from findings.staging import StagedFinding

Merge = Callable[[list[Row], Made | None], int]
"""Merges a window, as Reading.merge does."""


@dataclass(frozen=True)
class _Window:
    rows: list[Row]
    made: Made | None


class Merging:
    """`merging.give(rows, merge)` for each window: merged in their order, the last when the block ends."""

    def __init__(self, source: Source, pool: ThreadPoolExecutor) -> None:
        self._source, self._pool = source, pool
        self._ahead: Ahead | None = None
        self._mostly_new = False
        self._waiting: tuple[Future[_Window], Merge] | None = None

    def give(self, rows: Iterable[Row], merge: Merge) -> None:
        """rows: staged in the thread as they are taken. Merges the window given before."""
        staged = self._pool.submit(self._made, rows, self._ahead if self._mostly_new else None)
        self.merge_waiting()
        self._waiting = staged, merge

    def merge_waiting(self) -> None:
        if self._waiting is None:
            return
        (staged, merge), self._waiting = self._waiting, None
        window = staged.result()
        added = merge(window.rows, window.made)
        self._mostly_new = 2 * added > len(window.rows)
        if self._ahead is not None:
            self._ahead.learn()
        elif added:
            self._ahead = Ahead.of(self._source)

    @staticmethod
    def _made(rows: Iterable[Row], ahead: Ahead | None) -> _Window:
        """ahead: None where most of the rows are known already, or where records have not taught it yet."""
        staged = list(giving_way(rows))
        findings = (row for row in staged if isinstance(row, StagedFinding))
        return _Window(staged, ahead.made(findings) if ahead else None)


@contextmanager
def merging(reading: Reading) -> Iterator[Merging]:
    """Merges what waits when the block ends without an error."""
    with short_turns(), ThreadPoolExecutor(1) as pool:
        found = Merging(Source(reading.scope.source), pool)
        yield found
        found.merge_waiting()

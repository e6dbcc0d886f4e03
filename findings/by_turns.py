"""Windows merged on two connections by turns: while one merges a window, the other stages the next.

Each has a transaction of its own, so PostgreSQL works on two processors; windows are merged in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle

from django.db import connection as database

from findings.merge import Made, stage_made
from findings.reading import Reading, Row

Merged = Future[int]


class ByTurns:
    """`by_turns.give(rows, made)` for each window, `by_turns.wait()` for the last."""

    def __init__(self, reading: Reading, lanes: Sequence[ThreadPoolExecutor]) -> None:
        self._reading, self._lanes = reading, cycle(lanes)
        self._last: Merged | None = None

    def give(self, rows: Sequence[Row], made: Made, begin: Callable[[], object]) -> None:
        """begin: done in the transaction, when it is the window's turn. Returns when the window before is merged.

        Raises what the merge of that one raised.
        """
        before = self._last
        self._last = next(self._lanes).submit(self._merge, rows, made, begin, before)
        if before is not None:
            before.result()

    def wait(self) -> None:
        """Until everything given is merged. Raises what its merge raised."""
        if self._last is not None:
            self._last.result()
            self._last = None

    def _merge(self, rows: Sequence[Row], made: Made, begin: Callable[[], object], before: Merged | None) -> int:
        self._reading.tell_resources(made)

        def staged() -> None:
            stage_made(made)
            if before is not None:
                before.result()
            begin()

        return self._reading.merge(rows, made, before=staged)


@contextmanager
def by_turns(reading: Reading) -> Iterator[ByTurns]:
    """Nothing is under way any more when the block has ended, however it ended."""
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        try:
            yield ByTurns(reading, (one, other))
        finally:
            for lane in (one, other):
                lane.submit(_disconnect)


def _disconnect() -> None:
    """Of the thread that calls it."""
    database.close()

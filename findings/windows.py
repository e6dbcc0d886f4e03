"""Windows of UpdatedAt, several read at the same time and handed over page by page as they come.

Memory is bounded: readers wait while nobody takes their pages. A reader that has nothing left to do takes the
later half of what another one still has before it, so that one full window does not keep the others waiting.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from queue import Full, Queue
from types import TracebackType

from findings import rates
from findings.aws import Service
from findings.connectors import security_hub
from findings.connectors.asff import Rejected
from findings.connectors.security_hub import Window
from findings.parallel import PARALLEL
from findings.staging import StagedFinding

PAGES_AHEAD = 20
"""Pages that are read before they are merged, at most; each reader has one more in its hands."""
WORTH_SHARING = 5
"""Pages that a window has given before its rest is shared."""
SHORTEST = timedelta(seconds=2)
A_WHILE = 0.5
Rows = list[StagedFinding | Rejected]


@dataclass(frozen=True)
class _Page:
    """reached: everything of the window up to there has been handed over; None: all of it."""

    number: int
    rows: Rows
    reached: datetime | None


class Windows:
    """`with Windows(...) as windows: for rows in windows: ...`; then `windows.reached`."""

    def __init__(
        self, hub: Service, windows: Sequence[Window], *, covered_by_config: Collection[tuple[str, str]]
    ) -> None:
        self._hub, self._covered = hub, covered_by_config
        self._todo = deque(enumerate(windows))
        self._next_number = len(windows)
        self._unfinished = {number: window.start for number, window in self._todo}
        self._pages: Queue[_Page | BaseException] = Queue(PAGES_AHEAD)
        self._changed = threading.Condition()
        self._idle = 0
        self._stopped = False
        context = copy_context()
        self._readers = [
            threading.Thread(target=context.copy().run, args=(self._read_on,), name="windows", daemon=True)
            for _ in range(min(PARALLEL, max(1, len(windows))))
        ]

    @property
    def reached(self) -> datetime | None:
        """What was updated before this has been handed over; None where everything has been."""
        return min(self._unfinished.values(), default=None)

    @property
    def share(self) -> float:
        """How many of the windows are done, from 0 to 1."""
        with self._changed:
            return 1 - len(self._unfinished) / max(self._next_number, 1)

    def __enter__(self) -> Windows:
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if error is not None:
            rates.who_asks().stopped.set()
        for reader in self._readers:
            reader.join()

    def __iter__(self) -> Iterator[Rows]:
        """Rows as they come, in no order. Raises what AWS answered to any reader."""
        while self._unfinished:
            page = self._pages.get()
            if isinstance(page, BaseException):
                raise page
            with self._changed:
                if page.reached is None:
                    del self._unfinished[page.number]
                    self._changed.notify_all()
                else:
                    self._unfinished[page.number] = page.reached
            if page.rows:
                yield page.rows

    def _read_on(self) -> None:
        with suppress(rates.Stopped):
            try:
                while (given := self._next()) is not None:
                    self._read(*given)
            except rates.Stopped:
                raise
            except BaseException as error:
                self._put(error)

    def _next(self) -> tuple[int, Window] | None:
        """A window that nobody has read; None where there will be none any more."""
        with self._changed:
            self._idle += 1
            while not self._todo and self._unfinished and not self._stopped:
                self._changed.wait(A_WHILE)
            self._idle -= 1
            return self._todo.popleft() if self._todo and not self._stopped else None

    def _read(self, number: int, window: Window) -> None:
        position, in_order = window.start, True
        pages = security_hub.findings_in(self._hub, window, covered_by_config=self._covered)
        for count, rows in enumerate(pages, 1):
            dates = [row.updated_at for row in rows if isinstance(row, StagedFinding)]
            in_order = in_order and dates == sorted(dates) and (not dates or dates[0] >= position)
            position = dates[-1] if dates and in_order else position
            self._put(_Page(number, [row for row in rows if _within(row, window)], position))
            if in_order and window.end is not None and position > window.end:
                break
            if in_order and count % WORTH_SHARING == 0:
                window = self._shared(window, position)
        self._put(_Page(number, [], None))

    def _shared(self, window: Window, position: datetime) -> Window:
        """What remains of the window for its reader, where another one takes the later half of it."""
        with self._changed:
            if window.end is None or self._idle <= len(self._todo) or window.end - position < SHORTEST:
                return window
            middle = position + (window.end - position) / 2
            number, self._next_number = self._next_number, self._next_number + 1
            self._todo.append((number, Window(middle, window.end)))
            self._unfinished[number] = middle
            self._changed.notify()
            return replace(window, end=middle)

    def _put(self, page: _Page | BaseException) -> None:
        while not self._stopped:
            with suppress(Full):
                self._pages.put(page, timeout=A_WHILE)
                return
        raise rates.Stopped


def _within(row: StagedFinding | Rejected, window: Window) -> bool:
    return isinstance(row, Rejected) or window.holds(row.updated_at)

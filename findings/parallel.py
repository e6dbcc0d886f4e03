"""Several questions to AWS under way at the same time."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import TypeVar

PARALLEL = 8
"""Calls to AWS that one reading has under way at the same time, at most."""
SHORT = 0.0005
"""Seconds."""

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


@contextmanager
def short_turns() -> Iterator[None]:
    """Until the block ends, threads that compute wait half a millisecond for their turn instead of five.

    A merge needs Python after each statement for a moment: while it waits, so does PostgreSQL.
    """
    with _turns.lock:
        if not _turns.wanted:
            _turns.usual = sys.getswitchinterval()
            sys.setswitchinterval(SHORT)
        _turns.wanted += 1
    try:
        yield
    finally:
        with _turns.lock:
            _turns.wanted -= 1
            if not _turns.wanted:
                sys.setswitchinterval(_turns.usual)


class _Turns:
    """How many blocks want short turns, and how long they are otherwise."""

    def __init__(self) -> None:
        self.lock, self.wanted, self.usual = threading.Lock(), 0, 0.0


_turns = _Turns()


def in_parallel(ask: Callable[[Thing], Answer], things: Iterable[Thing]) -> Iterator[Answer]:
    """The answers, in the order of the things. Whoever asks here asks in the threads too."""
    context = copy_context()
    with ThreadPoolExecutor(PARALLEL) as pool:
        yield from pool.map(lambda thing: context.copy().run(ask, thing), things)

"""Several questions to AWS under way at the same time."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import TypeVar

PARALLEL = 8
"""Calls to AWS that one reading has under way at the same time, at most."""
AHEAD = 2_000
"""What waits to be taken, and the calls under way, at most."""
SHORT = 0.0005
"""Seconds."""
PATIENCE = 2.0
"""Seconds that a thread gives way at most."""

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


@contextmanager
def first() -> Iterator[None]:
    """Until the block ends, threads that are giving way stop: PostgreSQL has nothing to do until this is done."""
    _free.clear()
    try:
        yield
    finally:
        _free.set()


def giving_way(things: Iterable[Thing]) -> Iterator[Thing]:
    """The same things, none of them while another thread has to come first. For threads that read ahead."""
    for thing in things:
        give_way()
        yield thing


def give_way() -> None:
    if not _free.is_set():
        _free.wait(PATIENCE)


_free = threading.Event()
_free.set()


def in_parallel(
    ask: Callable[[Thing], Answer], things: Iterable[Thing], *, weigh: Callable[[Answer], int] = lambda _: 1
) -> Generator[Answer]:
    """The answers, in the order of the things, many of them asked for before they are taken.

    weigh: how much of AHEAD an answer takes. Whoever asks here asks in the threads too.
    """
    context = copy_context()
    asked: deque[Future[Answer]] = deque()
    waiting, counting = 0, threading.Lock()

    def answer(thing: Thing) -> Answer:
        nonlocal waiting
        found = context.copy().run(ask, thing)
        with counting:
            waiting += weigh(found)
        return found

    def taken() -> Answer:
        nonlocal waiting
        found = asked.popleft().result()
        with counting:
            waiting -= weigh(found)
        return found

    with ThreadPoolExecutor(PARALLEL) as pool:
        try:
            for thing in things:
                while asked and len(asked) + waiting >= AHEAD:
                    yield taken()
                asked.append(pool.submit(answer, thing))
            while asked:
                yield taken()
        finally:
            for one in asked:
                one.cancel()

"""Several questions to AWS under way at the same time."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import TypeVar

PARALLEL = 8
"""Calls to AWS that one reading has under way at the same time, at most."""
AHEAD = 6_000
"""What waits to be taken when another call begins, at most."""
BEGUN = 500
"""Calls that are under way, wait for their turn or wait to be taken, at most."""
SHORT = 0.0005
"""Seconds."""
M_ARENA_MAX, ARENAS = -8, 2
"""An option of glibc's mallopt, and its value here."""
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


def few_arenas() -> None:
    """Let threads share what memory glibc keeps for them: each that reads ahead would keep some that is free.

    Before the first of them begins; elsewhere than with glibc it does nothing.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


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
    ask: Callable[[Thing], Answer],
    things: Iterable[Thing],
    *,
    weigh: Callable[[Answer], int] = lambda _: 1,
    at_once: int = PARALLEL,
) -> Generator[Answer]:
    """The answers, in the order of the things, many of them asked for before they are taken.

    things: taken from in this thread, as calls begin. weigh: how much of AHEAD an answer takes. Whoever asks
    here asks in the threads too.
    """
    context, gate = copy_context(), _Gate()
    begun: deque[Future[Answer]] = deque()

    def answer(number: int, thing: Thing) -> Answer:
        gate.enter(number)
        found = context.copy().run(ask, thing)
        gate.came(weigh(found))
        return found

    def taken() -> Answer:
        found = begun.popleft().result()
        gate.took(weigh(found))
        return found

    with ThreadPoolExecutor(at_once) as pool:
        try:
            for number, thing in enumerate(things):
                begun.append(pool.submit(answer, number, thing))
                if len(begun) >= BEGUN:
                    yield taken()
            while begun:
                yield taken()
        finally:
            gate.end()
            for one in begun:
                one.cancel()


class _Gate:
    """Lets a call begin while what waits to be taken weighs little; the one that is to be taken next always."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting, self._taken, self._ended = 0, 0, False

    def enter(self, number: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting < AHEAD or self._taken == number or self._ended)
            if self._ended:
                raise CancelledError

    def came(self, weight: int) -> None:
        with self._changed:
            self._waiting += weight

    def took(self, weight: int) -> None:
        with self._changed:
            self._waiting -= weight
            self._taken += 1
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

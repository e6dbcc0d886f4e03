"""Several questions to AWS under way at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

PARALLEL = 8
"""Calls to AWS that one reading has under way at the same time, at most."""

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


def in_parallel(ask: Callable[[Thing], Answer], things: Iterable[Thing]) -> Iterator[Answer]:
    """The answers, in the order of the things. Whoever asks here asks in the threads too."""
    context = copy_context()
    with ThreadPoolExecutor(PARALLEL) as pool:
        yield from pool.map(lambda thing: context.copy().run(ask, thing), things)

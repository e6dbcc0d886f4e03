"""Calls that are under way together: in order, bounded by what they bring, and none left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from findings.parallel import AHEAD, BEGUN, PARALLEL, in_parallel


def test_the_answers_come_in_the_order_of_the_questions() -> None:
    def ask(thing: int) -> int:
        time.sleep(0.02 if thing % 7 == 0 else 0)
        return thing * 2

    assert list(in_parallel(ask, range(300))) == [thing * 2 for thing in range(300)]


def test_nothing_more_is_asked_while_what_waits_is_heavy_enough() -> None:
    asked: list[int] = []

    def ask(thing: int) -> int:
        asked.append(thing)
        return thing

    with closing(in_parallel(ask, range(1_000), weigh=lambda _: AHEAD // 2)) as answers:
        assert next(answers) == 0
        time.sleep(0.1)
        assert len(asked) <= 1 + 2 + PARALLEL
        assert list(answers) == list(range(1, 1_000))


def test_questions_are_taken_as_calls_begin() -> None:
    taken: list[int] = []

    def things() -> Iterator[int]:
        for thing in range(10_000):
            taken.append(thing)
            yield thing

    with closing(in_parallel(lambda thing: thing, things())) as answers:
        next(answers)
        assert len(taken) <= BEGUN


def test_whoever_stops_early_waits_for_no_call_that_has_not_begun() -> None:
    begun: list[int] = []
    may_end = threading.Event()

    def ask(thing: int) -> int:
        begun.append(thing)
        if thing:
            may_end.wait(5)
        return thing

    with closing(in_parallel(ask, range(60), at_once=2)) as answers:
        assert next(answers) == 0
        may_end.set()
    count = len(begun)
    time.sleep(0.05)
    assert len(begun) == count < 60


def test_the_first_error_is_raised_where_the_answers_are_taken() -> None:
    def ask(thing: int) -> int:
        if thing == 3:
            raise LookupError(thing)
        return thing

    answers = in_parallel(ask, range(100))
    assert [next(answers) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(LookupError, match="3"):
        next(answers)

"""People who steer at the same moment, each in a transaction of their own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connections

from audit import clock
from audit.models import StaleRow
from risks import appetites, matrices
from risks.models import Appetite, Matrix, Risk
from tests.databases import Clone
from tests.factories.risks import AssessmentFactory, MatrixFactory
from tests.risks.test_matrix import APPROVED, THREE
from tests.workers import PATIENCE


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each answers, or the refusal that it raises."""
    together = Barrier(len(acts))

    def act(verb: Callable[[], Any]) -> Any:
        together.wait(timeout=PATIENCE)
        try:
            return verb()
        except StaleRow as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as people:
        return list(people.map(act, acts))


def test_of_two_who_adopt_at_once_one_is_refused(committed_database: Clone) -> None:
    read = MatrixFactory()
    said = {"because": "x", "by": "test", "read": read, **APPROVED}
    answers = at_once(*(lambda: matrices.adopt(THREE, **said) for _person in range(2)))
    assert sorted(type(one).__name__ for one in answers) == ["Matrix", "StaleRow"]
    assert Matrix.objects.count() == 2


def test_of_two_who_record_the_same_at_once_the_later_one_replaces_the_other(committed_database: Clone) -> None:
    MatrixFactory()
    AssessmentFactory()

    def recorded(tolerance: int) -> Appetite:
        told: dict[str, Any] = {"solution": None, "category": None, "appetite": 0, "tolerance": tolerance, **APPROVED}
        return appetites.record(because="x", by="test", **told)

    at_once(lambda: recorded(1), lambda: recorded(3))
    counts = Appetite.objects.in_force(clock.now()).get()
    assert Appetite.objects.count() == 2
    assert Risk.objects.get().standing == ("above_appetite" if counts.tolerance == 3 else "above_tolerance")

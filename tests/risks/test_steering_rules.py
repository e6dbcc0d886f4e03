"""What the database refuses of matrices, appetites and authorities, whoever asks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from audit import clock
from risks import appetites
from risks.models import Appetite
from tests.factories import SolutionFactory, UserFactory
from tests.factories.risks import AppetiteFactory, AuthorityFactory, CategoryFactory, MatrixFactory
from tests.risks.test_matrix import APPROVED

pytestmark = pytest.mark.django_db


def committed() -> None:
    """What is looked at when a transaction commits is looked at now."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@transaction.atomic
def written(make: Callable[[], object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    make()
    committed()


def refused(make: Callable[[], object]) -> None:
    with pytest.raises(DatabaseError):
        written(make)


@pytest.mark.parametrize(
    "cells",
    [
        [[0, 0, 0, 1, 1], [0, 0, 1, 1, 2], [0, 1, 1, 2, 2], [0, 1, 2, 2, 3], [1, 1, 2, 1, 3]],
        [[0, 0, 0, 1, 1], [0, 0, 1, 1, 2], [0, 1, 0, 2, 2], [0, 1, 2, 2, 3], [1, 1, 2, 3, 3]],
        [[0, 0, 0, 1, 1], [0, 0, 1, 1, 2], [0, 1, 1, 2, 2], [0, 1, 2, 2, 3], [1, 1, 2, 3, 4]],
        [[0, 0, 0, 1, 1], [0, 0, 1, 1, 2], [0, 1, 1, 2, 2], [0, 1, 2, 2, 3], [1, 1, 2, 3]],
        [[0, 0, 0, 1, 1]],
    ],
)
def test_a_matrix_that_is_not_monotone_or_has_holes(cells: list[list[int]]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        MatrixFactory(cells=cells)


def test_two_appetites_for_the_same_at_once() -> None:
    privacy = CategoryFactory()
    AppetiteFactory(category=privacy)
    AppetiteFactory()
    AppetiteFactory(category=privacy, solution=SolutionFactory())
    committed()
    refused(lambda: AppetiteFactory(category=privacy))


def test_two_authorities_of_a_person_in_the_same_solution_at_once() -> None:
    ana = UserFactory(first_line=True)
    AuthorityFactory(person=ana)
    AuthorityFactory(person=ana, solution=SolutionFactory())
    AuthorityFactory()
    committed()
    refused(lambda: AuthorityFactory(person=ana))


def test_one_that_replaces_another_is_no_second_one() -> None:
    AppetiteFactory()
    told = {"solution": None, "category": None, "appetite": 0, "tolerance": 1, "because": "x", "by": "test"}
    appetites.record(**told, **APPROVED)  # type: ignore[arg-type]
    committed()
    assert Appetite.objects.in_force(clock.now()).count() == 1

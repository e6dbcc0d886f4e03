from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from audit.moment import Moment
from findings.models import Connection, FindingSpan, PastMoment, Status
from findings.tallies import Tally, tallies
from organisation.models import User
from tests.clock import at
from tests.factories import UserFactory
from tests.factories.findings import ConnectionFactory
from tests.findings.readings import day, merge, reading

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection() -> Connection:
    return ConnectionFactory(created_at=day(0))


@pytest.fixture
def auditor() -> User:
    return UserFactory(third_line=True)


def fails_on(on: float, user: User, known: datetime | None = None) -> int:
    """Fails at a moment as the postures count them, which is what the spans say."""
    moment = Moment.of(day(on), known)
    counted = tallies(user, moment).get((), Tally()).failed
    assert counted == FindingSpan.objects.at(moment).counted().failing().count()
    return counted


def on(number: float) -> Any:
    return at(day(number).date().isoformat())


def test_a_past_moment_is_counted_once_for_everybody(connection: Connection, auditor: User) -> None:
    merge(connection, reading("one"), on=1)
    with on(5):
        assert fails_on(3, auditor) == 1
        kept = PastMoment.objects.get()
        assert fails_on(3, UserFactory(second_line=True)) == 1
    assert PastMoment.objects.get() == kept


def test_what_is_learnt_later_of_that_moment_is_counted_and_what_was_known_then_stays(
    connection: Connection, auditor: User
) -> None:
    merge(connection, reading("one"), on=1)
    with on(5):
        assert fails_on(3, auditor) == 1
    merge(connection, reading("two", updated=2), on=6)
    merge(connection, reading("one", Status.PASS, updated=2), on=6.5)
    merge(connection, reading("three", updated=2), on=6.6)
    with on(8):
        assert fails_on(3, auditor) == 2
        assert fails_on(3, auditor, known=day(5)) == 1
        assert fails_on(3, auditor) == 2


def test_what_happened_since_leaves_the_count_as_it_is(connection: Connection, auditor: User) -> None:
    merge(connection, reading("one"), on=1)
    with on(5):
        assert fails_on(3, auditor) == 1
        kept = PastMoment.objects.get()
    merge(connection, reading("one", Status.PASS, updated=5.5), on=5.6)
    with on(5.9):
        assert fails_on(3, auditor) == 1
    assert PastMoment.objects.get() == kept

"""The fixtures that every other test leans on."""

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection

from audit import clock, trail
from audit.models import TrailEntry, TrailLink
from findings.models import FindingSpan, Status
from organisation.models import Solution, User
from tests.clock import at
from tests.conftest import LoggedIn
from tests.databases import Clone
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.findings import FindingFactory


def test_the_clock_stands_still_at_noon() -> None:
    with at("2026-03-31"):
        assert clock.now().isoformat() == "2026-03-31T12:00:00+00:00"


def test_a_person_has_the_role_of_their_trait(second_line: LoggedIn) -> None:
    assert second_line.person.line == "second"
    assert UserFactory().line is None


def test_an_owner_sees_their_solution_and_no_other(log_in: object, db: None) -> None:
    mine, other = SolutionFactory(), SolutionFactory()
    person = UserFactory(first_line=True, owns=[mine])
    GrantFactory(solution=other)
    assert list(Solution.objects.visible_to(person)) == [mine]


def test_a_finding_has_one_open_span(db: None) -> None:
    solution = SolutionFactory()
    finding = FindingFactory(solutions=[solution], status=Status.PASS)
    span = FindingSpan.objects.get(finding=finding)
    assert (span.status, span.solutions, span.valid_to) == ("pass", [solution.pk], None)


def test_what_is_committed_is_linked_into_the_chain(committed_database: Clone) -> None:
    person = UserFactory()
    trail.record(person, "solution.added", SolutionFactory())
    assert TrailLink.objects.count() == TrailEntry.objects.count() == 1
    assert connection.settings_dict["NAME"] == committed_database.name


@pytest.mark.parametrize("time", [1, 2])
def test_a_committed_database_begins_empty(committed_database: Clone, time: int) -> None:
    assert not User.objects.exists()
    UserFactory(email="robin@example.org")
    with pytest.raises(IntegrityError):
        UserFactory(email="robin@example.org")


def test_redis_answers() -> None:
    cache.set("key", "value", 5)
    assert cache.get("key") == "value"

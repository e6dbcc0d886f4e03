"""What people did to any row, field by field, and the row as it was before: by what the trail tells."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db.models import Model
from pytest_django import DjangoAssertNumQueries

from audit import clock, past, trail
from audit.history import Act, Change, Telling, entries_of, in_words
from organisation.models import Account, Grant, Solution, User
from tests.clock import at
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory
from tests.factories.organisation import LONG_AGO

pytestmark = pytest.mark.django_db


def renamed(solution: Solution, name: str, by: User) -> None:
    solution.change(name=name, description="Takes payments", read=solution.version, by=by)


def test_every_field_is_told_with_who_when_from_what_to_what_and_why() -> None:
    ana, solution = UserFactory(name="Ana"), SolutionFactory(name="Payments", description="Takes payments")
    with at("2026-03-01"):
        renamed(solution, "Cards", ana)
    with at("2026-03-02"):
        retired = trail.record(ana, "solution.retired", solution, because="Sold")
        trail.record(ana, "solution.something_else", solution)
    with at("2026-03-03"):
        renamed(solution, "Later", ana)
    telling = Telling(
        Solution,
        words={"solution.changed": "changed it", "solution.retired": "retired it"},
        fields=("name", "description"),
        shown=lambda name, value: in_words(Solution, name, value),
        about=lambda entry: "for good" if entry.action == "solution.retired" else "",
    )
    told = telling.acts(entries_of(solution, retired.at))
    assert [(one.who, one.words, one.because, one.about) for one in told] == [
        ("Ana", "retired it", "Sold", "for good"),
        ("Ana", "changed it", "", ""),
    ]
    assert told[1] == Act(told[1].at, "Ana", "changed it", changes=[Change("Name", "Payments", "Cards")])


@pytest.mark.parametrize(
    ("model", "name", "value", "said"),
    [
        (Account, "name", None, ""),
        (Grant, "kind", "owner", "Owner"),
        (Grant, "reason", "Works on it", "Works on it"),
        (User, "is_active", False, "no"),
    ],
)
def test_a_value_is_said_in_words(model: type[Model], name: str, value: object, said: str) -> None:
    assert str(in_words(model, name, value)) == said


def name_on(day: str) -> str:
    with at(day):
        (then,) = past.as_they_were(Solution.objects.all(), clock.now())
    return then.name


def test_a_row_is_as_it_was_and_nothing_is_saved() -> None:
    ana, solution = UserFactory(), SolutionFactory(name="First")
    for day, name in (("2026-03-01", "Second"), ("2026-03-03", "Third")):
        with at(day):
            renamed(solution, name, ana)
    assert [name_on(day) for day in ("2026-02-01", "2026-03-02", "2026-03-04")] == ["First", "Second", "Third"]
    solution.refresh_from_db()
    assert solution.name == "Third"
    assert past.as_they_were([], clock.now()) == []


def test_a_moment_comes_back_as_the_field_has_it_and_more_is_taken_back_by_its_floor() -> None:
    solution, seen = SolutionFactory(), []
    with at("2026-03-02"):
        told = {"retired_at": ["2026-01-01T00:00:00+00:00", None]}
        entry = trail.record("setup", "solution.changed", solution, changed=told)
    rows = past.as_they_were([solution], LONG_AGO, also=lambda row, entry: seen.append((row, entry)))
    assert rows[0].retired_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert seen == [(solution, entry)]


def test_a_reference_stands_in_the_trail_by_its_public_id(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """Control is the model that has one: its owner, and the solution that operates it."""
    before, after = UserFactory(), UserFactory()
    control = ControlFactory(owner=after, solution=SolutionFactory())
    with at("2026-03-02"):
        told = {"owner": [before.public_id, after.public_id], "solution": [None, control.solution.public_id]}
        trail.record("setup", "control.changed", control, changed=told)
    with django_assert_num_queries(2):
        (then,) = past.as_they_were([control], LONG_AGO, references={"owner": User, "solution": Solution})
    assert (then.owner, then.solution) == (before, None)

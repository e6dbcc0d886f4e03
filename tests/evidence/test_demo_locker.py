"""The demo's evidence is brought by the ordinary verbs, once, as its days go by."""

from datetime import timedelta

import pytest

from audit import clock
from audit.moment import Moment
from evidence.demo_locker import PIECES, seed
from evidence.evidence_list import as_of
from evidence.models import Evidence, LegalHold
from evidence.row_checks import rows
from organisation.models import Role, User
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory

pytestmark = pytest.mark.django_db
LINES = {"jonas": "second_line", "miriam": "third_line"}


def the_demo(days: int) -> None:
    solutions = {name: SolutionFactory(name=name) for name in {one.solution for one in PIECES} - {""}}
    for name in {one.who for one in PIECES}:
        person = UserFactory(email=f"{name}@example.org", **{LINES.get(name, "first_line"): True})
        if Role.FIRST in person.roles_today:
            for solution in solutions.values():
                GrantFactory(person=person, solution=solution)
    began = clock.now() - timedelta(days=days)
    for name in {one.control for one in PIECES}:
        ControlFactory(name=name, manual=True, frequency="quarterly", added_at=began)


def test_nothing_is_brought_before_people_and_controls_are_there() -> None:
    assert seed() == 0
    assert not User.objects.exists()


def test_it_is_brought_as_the_days_go_by_and_once() -> None:
    the_demo(days=3)
    assert seed() == 3
    assert seed() == 0


def test_something_was_corrected_something_withdrawn_and_something_is_held() -> None:
    the_demo(days=30)
    assert seed() == len(PIECES) + 3
    assert seed() == 0
    stood = as_of(Evidence.objects.all(), Moment.now())
    states = [one.stands for one in stood.order_by("pk")]  # type: ignore[attr-defined]
    assert {name: states.count(name) for name in set(states)} == {"fresh": 8, "superseded": 1, "withdrawn": 1}
    assert LegalHold.objects.get().solution == Evidence.objects.get(file_name="leavers.xlsx").solution
    assert rows(list(Evidence.objects.all())) == []

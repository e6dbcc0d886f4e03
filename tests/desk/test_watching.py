"""Who watches something is told what happens to it, until they ask not to be."""

from __future__ import annotations

import pytest

from desk import watching
from desk.models import Notice
from desk.panels import solution as found
from desk.subjects import Subject
from organisation.models import Grant, Solution, User
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.findings_pages.reading_pages import words

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def payments() -> Solution:
    return SolutionFactory(name="Payments")


def of(solution: Solution, part: str) -> str:
    return f"/desk/solution/{solution.public_id}/{part}/"


def subject(solution: Solution) -> Subject:
    made = found(UserFactory(second_line=True), solution.public_id)
    assert made
    return made


def told() -> list[str]:
    return sorted(Notice.objects.values_list("person__name", flat=True))


def test_a_person_watches_and_stops_in_place(third_line: LoggedIn, payments: Solution) -> None:
    answer = third_line.post(of(payments, "watch"), {"watches": "yes"}, headers=HTMX)
    assert "1 person watches it" in words(answer)
    assert "Stop watching" in words(answer)
    answer = third_line.post(of(payments, "watch"), {"watches": "no"}, headers=HTMX)
    assert "nobody watches it" in words(answer)
    assert third_line.post(of(payments, "watch"), {"watches": "perhaps"}, headers=HTMX).status_code == 422


def test_who_owns_writes_or_is_mentioned_watches_by_themselves(log_in: LogIn, payments: Solution) -> None:
    UserFactory(name="Olga", first_line=True, owns=[payments])
    UserFactory(name="Mia", third_line=True)
    sam = log_in(UserFactory(name="Sam", second_line=True))
    assert [one.name for one in watching.watchers(subject(payments))] == ["Olga"]
    sam.post(of(payments, "comment"), {"text": "See this, @Mia"})
    assert [one.name for one in watching.watchers(subject(payments))] == ["Mia", "Olga", "Sam"]
    assert told() == ["Mia", "Olga"]
    Notice.objects.all().delete()
    log_in(name="Second", second_line=True).post(of(payments, "comment"), {"text": "So what"})
    assert told() == ["Mia", "Olga", "Sam"]


def test_who_asked_to_stop_is_not_begun_for_again(log_in: LogIn, payments: Solution) -> None:
    olga = log_in(UserFactory(name="Olga", first_line=True, owns=[payments]))
    olga.post(of(payments, "watch"), {"watches": "no"})
    olga.post(of(payments, "comment"), {"text": "I said so"})
    sam = log_in(UserFactory(name="Sam", second_line=True))
    sam.post(of(payments, "comment"), {"text": "No"})
    assert told() == []
    sam.post(of(payments, "comment"), {"text": "No, @Olga"})
    assert [(one.person.name, one.kind) for one in Notice.objects.all()] == [("Olga", "mention")]
    olga.post(of(payments, "watch"), {"watches": "yes"})
    sam.post(of(payments, "comment"), {"text": "Yes"})
    assert told() == ["Olga", "Olga"]


def test_who_may_not_see_it_any_more_is_told_nothing(payments: Solution) -> None:
    member = UserFactory(name="Max", first_line=True)
    grant: Grant = GrantFactory(person=member, solution=payments)
    watching.watch(subject(payments), member)
    grant.end(reason="Left", by="setup")
    assert watching.tell(subject(payments), "solution_changed", "Renamed") == []


def test_an_owner_that_is_no_more_watches_no_more(payments: Solution) -> None:
    before: User = UserFactory(name="Before", first_line=True, owns=[payments])
    before.grants.get().end(reason="Moved", by="setup")
    UserFactory(name="After", first_line=True, owns=[payments])
    watching.tell(subject(payments), "solution_changed", "Renamed", place="#people")
    notice = Notice.objects.get()
    assert (notice.person.name, notice.url) == ("After", f"/organisation/solutions/{payments.public_id}/#people")

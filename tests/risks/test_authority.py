"""Who may accept how much risk."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from audit import clock
from organisation.models import NotAllowed
from risks import authorities, matrices
from risks.models import Authority
from tests.conftest import LoggedIn
from tests.factories import SolutionFactory, UserFactory
from tests.factories.risks import AuthorityFactory, MatrixFactory
from tests.findings_pages.reading_pages import title, words
from tests.risks.test_matrix import THREE

pytestmark = pytest.mark.django_db
PAGE = "/risks/authority/"
APPROVED: dict[str, Any] = {"approved_by": "Board", "approved_on": date(2020, 1, 1)}
SAID = {"approved_by": "Board", "approved_on": "2020-01-01", "level": 2}


def test_an_authority_reaches_up_to_a_level_in_a_solution() -> None:
    matrix, payments, other = MatrixFactory(), SolutionFactory(), SolutionFactory()
    ana = UserFactory(first_line=True)
    authorities.record(person=ana, solution=payments, level=2, by="test", **APPROVED)
    now = clock.now()
    reach = [authorities.may_accept(ana, payments, level, matrix, now) for level in range(4)]
    assert reach == [True, True, True, False]
    assert not authorities.may_accept(ana, other, 0, matrix, now)
    assert not authorities.may_accept(ana, payments, 0, matrix, now - timedelta(days=1))
    wei = AuthorityFactory(level=3, valid_from=now).person
    assert authorities.who_may_accept(payments, 2, matrix, now) == sorted([ana, wei], key=lambda one: one.name)
    assert authorities.who_may_accept(payments, 3, matrix, now) == [wei]


def test_who_left_the_first_line_accepts_nothing() -> None:
    matrix, payments = MatrixFactory(), SolutionFactory()
    held = AuthorityFactory()
    assert authorities.may_accept(held.person, payments, 1, matrix, clock.now())
    held.person.role_assignments.get().end(reason="Moved on", by="test")
    assert not authorities.may_accept(held.person, payments, 1, matrix, clock.now())


def test_an_authority_follows_the_matrix() -> None:
    old, payments = MatrixFactory(), SolutionFactory()
    held = AuthorityFactory(level=1)
    new = matrices.adopt(THREE, because="x", by="test", read=old, **APPROVED)
    now = clock.now()
    assert authorities.may_accept(held.person, payments, 1, new, now)
    assert not authorities.may_accept(held.person, payments, 2, new, now)
    assert authorities.may_accept(held.person, payments, 2, old, now), "High on the old one reads as Notable now"


def test_it_is_recorded_replaced_and_ended(second_line: LoggedIn) -> None:
    MatrixFactory()
    assert title(second_line.get(PAGE)) == "Nobody may accept risks yet"
    ana = UserFactory(name="Ana", first_line=True)
    done = second_line.post(f"{PAGE}record/", {**SAID, "person": ana.pk}, follow=True)
    assert title(done) == "1 person may accept risks"
    assert "Ana may accept risks up to High." in words(done)
    first = Authority.objects.get()
    second_line.post(f"{PAGE}{first.public_id}/replace/", {**SAID, "level": 1})
    first.refresh_from_db()
    made = Authority.objects.in_force(clock.now()).get()
    assert (made.level, made.person, first.ended_because) == (1, ana, f"Replaced by {made.public_id}")
    second_line.post(f"{PAGE}{made.public_id}/end/", {"reason": "Reorganised"})
    assert not Authority.objects.in_force(clock.now()).exists()
    assert "Reorganised" in words(second_line.get(PAGE))
    with pytest.raises(NotAllowed):
        authorities.end(made, because="x", by="test")


def test_only_people_of_the_first_line_accept_and_nobody_records_their_own(second_line: LoggedIn) -> None:
    MatrixFactory()
    jonas = UserFactory(second_line=True)
    assert second_line.post(f"{PAGE}record/", {**SAID, "person": jonas.pk}).status_code == 422
    with pytest.raises(NotAllowed) as no:
        authorities.record(person=jonas, solution=None, level=1, by="test", **APPROVED)
    assert str(no.value) == "Only people of the first line accept risks: they own them."
    ana = UserFactory(first_line=True)
    with pytest.raises(NotAllowed) as no:
        authorities.record(person=ana, solution=None, level=1, by=ana, **APPROVED)
    assert "Nobody records an authority for themselves" in str(no.value)


def test_the_first_line_reads_who_may_and_changes_nothing(first_line: LoggedIn) -> None:
    held = AuthorityFactory()
    page = first_line.get(PAGE)
    assert held.person.name in words(page)
    assert "/end/" not in page.content.decode()
    assert first_line.post(f"{PAGE}{held.public_id}/end/", {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_any_number(
    second_line: LoggedIn, count: int, django_assert_num_queries: Any
) -> None:
    AuthorityFactory.create_batch(count)
    with django_assert_num_queries(9):
        second_line.get(PAGE)

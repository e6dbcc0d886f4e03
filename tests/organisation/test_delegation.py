"""Somebody stands in for a person who is away: named, told, seen by everybody concerned, and ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from audit.models import TrailEntry
from desk.models import Notice, OutboxMessage
from organisation.models import Delegation, RoleAssignment, User
from organisation.standing_in import same_hands
from tests.clock import after
from tests.conftest import LogIn, Program
from tests.factories import DelegationFactory, GrantFactory, RoleAssignmentFactory, SolutionFactory, UserFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
MINE = "/organisation/delegations/"
ITEMS = "/my-items/"


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def said(delegate: User, **more: object) -> dict[str, object]:
    return {"delegate": delegate.pk, "until": in_days(14), "reason": "Parental leave", **more}


@pytest.fixture
def ana() -> User:
    return UserFactory(name="Ana", first_line=True)


@pytest.fixture
def ben() -> User:
    return UserFactory(name="Ben", first_line=True)


def test_who_goes_on_leave_names_who_stands_in(log_in: LogIn, ana: User, ben: User) -> None:
    browser = log_in(ana)
    assert "Nobody stands in for you" in words(browser.get(MINE))
    answer = browser.post(f"{MINE}add/", said(ben), follow=True)
    assert "Ben stands in for Ana until" in words(answer)
    made = Delegation.objects.get()
    assert (made.delegator, made.delegate, made.line, made.given_by, made.reason) == (
        ana, ben, "first", ana.public_id, "Parental leave",
    )  # fmt: skip
    (entry,) = TrailEntry.objects.about("delegation", made.public_id)
    assert (entry.action, entry.actor, entry.detail["delegate"]) == ("delegation.given", ana.public_id, ben.public_id)
    (notice,) = Notice.objects.all()
    assert notice.person == ben
    assert notice.text.startswith("You stand in for Ana from ")
    assert OutboxMessage.objects.filter(to=ben.email).exists()


def test_both_see_it_on_their_pages_and_at_their_work(log_in: LogIn, ana: User, ben: User) -> None:
    DelegationFactory(delegator=ana, delegate=ben)
    assert "Ben stands in for you until" in words(log_in(ana).get(MINE))
    assert "Ben stands in for you until" in words(log_in(ana).get(ITEMS))
    assert "You stand in for Ana" in words(log_in(ben).get(MINE))
    assert "You stand in for Ana until" in words(log_in(ben).get(ITEMS))
    assert "End it: Ben" in log_in(ana).get(MINE).content.decode()
    assert "End it" not in words(log_in(ben).get(MINE))


@pytest.mark.parametrize("line", ["second_line", "third_line", "administrator"])
def test_who_oversees_people_sees_it_in_force_and_to_come(log_in: LogIn, ana: User, ben: User, line: str) -> None:
    DelegationFactory(delegator=ana, delegate=ben)
    later = datetime.now(UTC) + timedelta(days=40)
    DelegationFactory(delegator=ben, delegate__name="Cleo", valid_from=later)
    browser = log_in(**{line: True})
    assert "Ben stands in for them" in words(browser.get(f"/organisation/people/{ana.public_id}/"))
    shown = words(browser.get(f"/organisation/people/{ben.public_id}/"))
    assert "Ana is stood in for by them" in shown
    assert "Cleo stands in for them to come" in shown
    assert "Ben stands in" in words(browser.get("/organisation/people/"))


def test_an_administrator_names_somebody_for_who_is_away_already(log_in: LogIn, ana: User, ben: User) -> None:
    admin = log_in(administrator=True)
    answer = admin.post(f"/organisation/people/{ana.public_id}/stand-in/", said(ben), follow=True)
    assert "Ben stands in for Ana until" in words(answer)
    made = Delegation.objects.get()
    assert made.given_by == admin.person.public_id
    assert {one.person for one in Notice.objects.all()} == {ana, ben}
    admin.post(f"{MINE}{made.public_id}/end-for/", {"reason": "Back"})
    made.refresh_from_db()
    assert not made.is_in_force(datetime.now(UTC))
    ended = TrailEntry.objects.get(action="delegation.ended")
    assert (ended.actor, ended.detail["reason"]) == (admin.person.public_id, "Back")


def test_who_is_back_ends_it_and_nobody_else_of_the_line_does(log_in: LogIn, ana: User, ben: User) -> None:
    made = DelegationFactory(delegator=ana, delegate=ben)
    end = f"{MINE}{made.public_id}/end/"
    assert log_in(ben).post(end, {"reason": "No"}).status_code == 404
    assert log_in(ana).post(end, {"reason": "Back"}).status_code == 302
    assert "You stand in for Ana no longer" in [one.text for one in Notice.objects.filter(person=ben)]
    assert "You stand in for Ana" not in words(log_in(ben).get(ITEMS))


def test_one_that_has_not_begun_is_called_off(log_in: LogIn, ana: User, ben: User) -> None:
    browser = log_in(ana)
    browser.post(f"{MINE}add/", said(ben, since=in_days(5)))
    made = Delegation.objects.get()
    assert "to come" in words(browser.get(MINE))
    browser.post(f"{MINE}{made.public_id}/end/", {"reason": "The journey is off"})
    shown = browser.get(MINE)
    assert (shown.context["current"], list(shown.context["past"])) == ([], [])
    assert browser.post(f"{MINE}add/", said(ben, since=in_days(5))).status_code == 302


def test_it_ends_by_itself(log_in: LogIn, ana: User, ben: User) -> None:
    payments = SolutionFactory(name="Payments")
    GrantFactory(person=ana, solution=payments)
    DelegationFactory(delegator=ana, delegate=ben)
    page = f"/organisation/solutions/{payments.public_id}/"
    assert log_in(ben).get(page).status_code == 200
    with after(days=31):
        assert log_in(ben).get(page).status_code == 404


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"until": ""}, "This field is required."),
        ({"until": in_days(-2)}, "This day is over."),
        ({"until": in_days(120)}, "90 days at most"),
        ({"since": in_days(-3)}, "It cannot begin in the past."),
        ({"since": in_days(20)}, "It would end before it begins."),
        ({"reason": ""}, "This field is required."),
    ],
)
def test_a_time_that_cannot_be_is_refused(
    log_in: LogIn, ana: User, ben: User, more: dict[str, object], why: str
) -> None:
    answer = log_in(ana).post(f"{MINE}add/", said(ben, **more))
    assert (answer.status_code, Delegation.objects.count()) == (422, 0)
    assert why in words(answer)


def test_only_somebody_of_the_same_line_who_can_log_in_stands_in(log_in: LogIn, ana: User) -> None:
    others: list[User] = [
        ana,
        UserFactory(second_line=True),
        UserFactory(administrator=True),
        UserFactory(),
        UserFactory(first_line=True, is_active=False),
    ]
    for one in others:
        answer = log_in(ana).post(f"{MINE}add/", said(one))
        assert (answer.status_code, Delegation.objects.count()) == (422, 0)


def test_one_at_a_time_and_nobody_who_is_away(log_in: LogIn, ana: User, ben: User) -> None:
    cleo = UserFactory(name="Cleo", first_line=True)
    DelegationFactory(delegator=ana, delegate=ben)
    assert "one person at a time" in words(log_in(ana).post(f"{MINE}add/", said(cleo)))
    DelegationFactory(delegator=cleo, delegate=ben)
    dee = log_in(first_line=True)
    assert "Cleo is away from" in words(dee.post(f"{MINE}add/", said(cleo)))
    assert Delegation.objects.count() == 2


def test_the_database_refuses_nonsense(ana: User, ben: User) -> None:
    DelegationFactory(delegator=ana, delegate=ben)
    now = datetime.now(UTC)
    for nonsense in (
        {"delegator": ana},
        {"delegator": ben, "delegate": ben},
        {"valid_to": now + timedelta(days=100)},
        {"valid_to": None},
        {"line": "third"},
        {"reason": ""},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            DelegationFactory(**nonsense)


def test_whoever_leaves_the_line_stands_in_no_longer(log_in: LogIn, ana: User, ben: User) -> None:
    payments = SolutionFactory(name="Payments")
    GrantFactory(person=ana, solution=payments)
    made = DelegationFactory(delegator=ana, delegate=ben)
    role = RoleAssignment.objects.get(person=ben)
    admin = log_in(administrator=True)
    admin.post(f"/organisation/people/{ben.public_id}/roles/{role.pk}/end/", {"reason": "Moves on"})
    made.refresh_from_db()
    assert made.ends_at <= datetime.now(UTC)
    assert TrailEntry.objects.filter(action="delegation.ended", actor=admin.person.public_id).exists()
    RoleAssignmentFactory(person=ben, role="second", valid_from=datetime.now(UTC))
    DelegationFactory(delegator=ana, delegate=ben, valid_from=datetime.now(UTC))
    assert User.objects.get(pk=ben.pk).standing_in.delegators == []


def test_closing_a_log_in_ends_it_in_both_directions(log_in: LogIn, ana: User, ben: User) -> None:
    given, taken = DelegationFactory(delegator=ana, delegate=ben), DelegationFactory(delegate=ana)
    log_in(administrator=True).post(f"/organisation/people/{ana.public_id}/close/", {"reason": "Left"})
    for one in (given, taken):
        one.refresh_from_db()
        assert one.ends_at <= datetime.now(UTC)


def test_the_second_line_stands_in_for_each_other_and_the_others_have_none(log_in: LogIn) -> None:
    kim, lou = UserFactory(name="Kim", second_line=True), UserFactory(name="Lou", second_line=True)
    assert log_in(kim).post(f"{MINE}add/", said(lou)).status_code == 302
    for line in ("third_line", "external", "administrator"):
        assert log_in(**{line: True}).post(f"{MINE}add/", said(lou)).status_code == 403
    theo = UserFactory(third_line=True)
    answer = log_in(administrator=True).post(f"/organisation/people/{theo.public_id}/stand-in/", said(lou))
    assert (answer.status_code, Delegation.objects.count()) == (422, 1)


def test_the_delegate_sees_the_delegators_solutions_and_passes_nothing_on(log_in: LogIn, ana: User, ben: User) -> None:
    cleo = UserFactory(name="Cleo", first_line=True)
    payments = SolutionFactory(name="Payments")
    GrantFactory(person=ana, solution=payments)
    DelegationFactory(delegator=ana, delegate=ben)
    DelegationFactory(delegator=ben, delegate=cleo)
    page = f"/organisation/solutions/{payments.public_id}/"
    assert log_in(ben).get(page).status_code == 200
    assert log_in(cleo).get(page).status_code == 404


def test_their_home_speaks_of_the_delegators_solutions_at_once(log_in: LogIn, ana: User, ben: User) -> None:
    payments = SolutionFactory(name="Payments")
    GrantFactory(person=ana, solution=payments)
    browser = log_in(ben)
    assert "Payments" not in title(browser.get("/"))
    DelegationFactory(delegator=ana, delegate=ben)
    assert "Payments" in title(browser.get("/"))


def test_hands_are_the_same_now_and_then(ana: User, ben: User) -> None:
    """What Ben did while he stood in for Ana counts as Ana's, also later and for who stands in for her next."""
    cleo, dee = UserFactory(name="Cleo", first_line=True), UserFactory(name="Dee", first_line=True)
    now = datetime.now(UTC)
    then = now - timedelta(days=20)
    DelegationFactory(
        delegator=ana, delegate=ben, valid_from=now - timedelta(days=30), valid_to=now - timedelta(days=9)
    )
    DelegationFactory(delegator=ana, delegate=cleo)
    assert same_hands(ana, ben, then)
    assert not same_hands(ana, ben, now)
    assert same_hands(cleo, ana, then)
    assert same_hands(cleo, ben, then)
    assert not same_hands(ben, ana, then)
    assert not same_hands(ana, cleo, then)
    assert not same_hands(dee, ana, now)


def test_a_program_reads_who_stands_in_for_whom(ana: User, ben: User) -> None:
    made = DelegationFactory(delegator=ana, delegate=ben)
    taken = Program(ben).get("/api/v1/me/").json()
    assert [one["delegator_name"] for one in taken["stands_in_for"]] == ["Ana"]
    assert taken["stood_in_for_by"] == []
    given = Program(ana).get("/api/v1/me/").json()["stood_in_for_by"]
    assert [(one["id"], one["delegate"]) for one in given] == [(made.public_id, ben.public_id)]


def test_no_program_gives_one(ana: User, ben: User) -> None:
    answer = Program(ana, writes=True).post(f"{MINE}add/", said(ben))
    assert answer.status_code in (302, 403)
    assert not Delegation.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_any_number(
    log_in: LogIn, ana: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser = log_in(ana)
    DelegationFactory.create_batch(count, delegate=ana)
    with django_assert_num_queries(9):
        browser.get(MINE)

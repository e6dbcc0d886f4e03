"""What groups of the identity provider give at a log-in, and the table that says so."""

from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.utils import timezone

from audit.models import TrailEntry
from desk.models import Notice
from organisation.groups import PROVIDER
from organisation.models import Grant, GroupMapping, Role, RoleAssignment, User
from tests.conftest import LogIn
from tests.factories import (
    GrantFactory,
    GroupMappingFactory,
    RoleAssignmentFactory,
    SolutionFactory,
    UserFactory,
)
from tests.identity_provider import ANA, Provider, ana, entered, refused


def roles(person: User) -> list[tuple[str, str, bool]]:
    """Each role with who gave it and whether it is in force."""
    now = timezone.now()
    rows = RoleAssignment.objects.filter(person=person).order_by("id")
    return [(row.role, row.granted_by, row.valid_to is None or row.valid_to > now) for row in rows]


def actions(person: User) -> list[str]:
    return list(TrailEntry.objects.about("user", person.public_id).order_by("id").values_list("action", flat=True))


def test_a_first_log_in_opens_what_the_groups_stand_for(provider: Provider) -> None:
    payments, ledger = SolutionFactory(), SolutionFactory()
    GroupMappingFactory(group="engineers", role=Role.FIRST)
    GroupMappingFactory(group="payments", role="", solution=payments, kind=Grant.Kind.MEMBER)
    GroupMappingFactory(group="payments-leads", role="", solution=payments, kind=Grant.Kind.OWNER)
    GroupMappingFactory(group="ledger", role="", solution=ledger, kind=Grant.Kind.MEMBER)
    provider.person = ana("engineers", "payments", "payments-leads", "chess")
    browser = Client()
    entered(provider, browser)
    person = User.objects.get(email="ana@example.org")
    assert browser.get("/").status_code == 200
    assert (person.name, person.has_usable_password()) == ("Ana Example", False)
    assert roles(person) == [("first", PROVIDER, True)]
    grants = person.grants.values_list("solution", "kind", "granted_by", "reason")
    assert list(grants) == [(payments.pk, "owner", PROVIDER, "In the group “payments-leads”")]
    assert actions(person) == ["person.added", "person.linked", "role.given", "person.logged_in"]
    assert TrailEntry.objects.get(action="grant.given").actor == PROVIDER
    account = SocialAccount.objects.get()
    assert (account.provider, account.uid, account.extra_data) == (provider.address, "ana-1", {})


def test_the_next_log_in_follows_the_groups_and_deletes_nothing(provider: Provider) -> None:
    solution = SolutionFactory()
    GroupMappingFactory(group="engineers", role=Role.FIRST)
    GroupMappingFactory(group="payments", role="", solution=solution, kind=Grant.Kind.OWNER)
    GroupMappingFactory(group="risk", role=Role.SECOND)
    provider.person = ana("engineers", "payments")
    entered(provider, Client())
    person = User.objects.get(email="ana@example.org")
    provider.person = ana("risk", "payments")
    entered(provider, Client())
    assert roles(person) == [("first", PROVIDER, False), ("second", PROVIDER, True)]
    assert [grant.valid_to is not None for grant in person.grants.all()] == [True]
    provider.person = ana()
    entered(provider, Client())
    assert roles(person) == [("first", PROVIDER, False), ("second", PROVIDER, False)]
    ended = TrailEntry.objects.filter(action="role.ended").order_by("id").last()
    assert ended is not None
    assert (ended.actor, ended.detail["reason"]) == (PROVIDER, "No group of theirs gives it any longer")
    assert SocialAccount.objects.count() == 1


def test_the_same_groups_change_nothing(provider: Provider) -> None:
    GroupMappingFactory(group="engineers", role=Role.FIRST)
    GroupMappingFactory(group="payments", role="", solution=SolutionFactory(), kind=Grant.Kind.OWNER)
    provider.person = ana("engineers", "payments")
    entered(provider, Client())
    entered(provider, Client())
    person = User.objects.get(email="ana@example.org")
    assert roles(person) == [("first", PROVIDER, True)]
    assert person.grants.count() == 1
    assert actions(person)[-2:] == ["person.logged_in", "person.logged_in"]


def test_a_mapping_that_ended_gives_nothing_from_the_next_log_in_on(provider: Provider) -> None:
    mapping = GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    entered(provider, Client())
    mapping.end(reason="Reorganised", by=UserFactory())
    entered(provider, Client())
    assert roles(User.objects.get(email="ana@example.org")) == [("second", PROVIDER, False)]


def test_what_was_given_by_hand_stays(provider: Provider) -> None:
    person = RoleAssignmentFactory(person__email="ana@example.org", role=Role.FIRST, granted_by="P-1").person
    by_hand = GrantFactory(person=person, granted_by="P-1")
    GroupMappingFactory(group="owners", role="", solution=by_hand.solution, kind=Grant.Kind.OWNER)
    provider.person = ana("owners")
    entered(provider, Client())
    provider.person = ana()
    entered(provider, Client())
    assert roles(person) == [("first", "P-1", True)]
    assert list(person.grants.values_list("kind", "granted_by", "valid_to")) == [("member", "P-1", None)]


def test_a_line_given_by_hand_stands_against_the_groups_and_administrators_hear_of_it_once(provider: Provider) -> None:
    administrator = UserFactory(administrator=True)
    person = RoleAssignmentFactory(person__email="ana@example.org", role=Role.THIRD, granted_by="P-1").person
    GroupMappingFactory(group="risk", role=Role.SECOND)
    provider.person = ana("risk")
    entered(provider, Client())
    entered(provider, Client())
    assert roles(person) == [("third", "P-1", True)]
    told = TrailEntry.objects.filter(action="person.groups_at_odds")
    assert [entry.detail for entry in told] == [{"groups_say": ["second"], "stays": "third"}] * 2
    notice = Notice.objects.get()
    assert (notice.person, notice.url) == (administrator, f"/organisation/people/{person.public_id}/")
    assert notice.text == (
        f"{person.name}: groups of the identity provider give Second line; the person stands on: Third line."
    )


def test_of_two_lines_the_first_is_given_and_the_one_they_stand_on_stays(provider: Provider) -> None:
    GroupMappingFactory(group="risk", role=Role.SECOND)
    GroupMappingFactory(group="audit", role=Role.THIRD)
    provider.person = ana("audit", "risk")
    entered(provider, Client())
    person = User.objects.get(email="ana@example.org")
    assert roles(person) == [("second", PROVIDER, True)]
    assert TrailEntry.objects.get(action="person.groups_at_odds").detail == {
        "groups_say": ["second", "third"],
        "stays": "second",
    }
    GroupMappingFactory(group="engineers", role=Role.FIRST)
    provider.person = ana("audit", "risk", "engineers")
    entered(provider, Client())
    assert roles(person) == [("second", PROVIDER, True)]


def test_nobody_gets_by_a_group_what_they_mapped_themselves(provider: Provider) -> None:
    person = RoleAssignmentFactory(person__email="ana@example.org", role=Role.ADMINISTRATOR, granted_by=PROVIDER).person
    UserFactory(administrator=True)
    GroupMappingFactory(group="risk", role=Role.SECOND, added_by=person.public_id)
    provider.person = ana("risk")
    entered(provider, Client())
    assert roles(person) == [("administrator", PROVIDER, False)]


def test_the_last_administrator_stays_whatever_the_groups_say(provider: Provider) -> None:
    GroupMappingFactory(group="admins", role=Role.ADMINISTRATOR)
    provider.person = ana("admins")
    entered(provider, Client())
    provider.person = ana()
    entered(provider, Client())
    person = User.objects.get(email="ana@example.org")
    assert roles(person) == [("administrator", PROVIDER, True)]
    assert "The last administrator stays" in str(TrailEntry.objects.get(action="person.groups_at_odds").detail)


def test_parts_in_solutions_are_for_the_first_line(provider: Provider) -> None:
    GroupMappingFactory(group="risk", role=Role.SECOND)
    GroupMappingFactory(group="payments", role="", solution=SolutionFactory(), kind=Grant.Kind.OWNER)
    provider.person = ana("risk", "payments")
    entered(provider, Client())
    assert not Grant.objects.exists()


def test_who_ends_by_hand_what_a_group_gave_is_told_that_it_begins_again(provider: Provider, log_in: LogIn) -> None:
    GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    entered(provider, Client())
    role = RoleAssignment.objects.get()
    administrator = log_in(administrator=True)
    end = f"/organisation/people/{role.person.public_id}/roles/{role.pk}/end/"
    assert "gives it again at their next log-in" in administrator.get(end).content.decode()
    administrator.post(end, {"reason": "On leave"})
    entered(provider, Client())
    assert roles(role.person) == [("second", PROVIDER, False), ("second", PROVIDER, True)]


def test_groups_that_are_too_many_to_be_told_change_nothing(provider: Provider) -> None:
    GroupMappingFactory(group="risk")
    provider.person = ana("risk")
    entered(provider, Client())
    provider.person = {**ANA, "_claim_names": {"groups": "src1"}}
    assert "left out your groups" in refused(provider)
    assert roles(User.objects.get(email="ana@example.org")) == [("second", PROVIDER, True)]


def test_the_table_of_groups_is_kept_by_administrators(log_in: LogIn) -> None:
    administrator, solution = log_in(administrator=True), SolutionFactory(name="Payments")
    page = "/organisation/groups/"
    assert "No group stands for anything" in administrator.get(page).content.decode()
    add = f"{page}add/"
    wanted = {"group": "payments-leads", "stands_for": "owner", "solution": solution.pk, "reason": "They lead it"}
    told: Any = administrator.post(add, wanted, follow=True)
    assert "“payments-leads” stands for: Owner of Payments." in told.content.decode().replace("&quot;", '"')
    administrator.post(add, {"group": "risk-team", "stands_for": "second", "reason": "Our InfoSec"})
    shown = log_in(third_line=True).get(page).content.decode()
    assert "2 groups of the identity provider open the portal" in shown
    assert "End</a>" not in shown
    mapping = GroupMapping.objects.get(group="risk-team")
    administrator.post(f"{page}{mapping.pk}/end/", {"reason": "Renamed"})
    assert "risk-team" in administrator.get(page).content.decode()
    entries = TrailEntry.objects.filter(kind="groupmapping").order_by("id")
    assert [(entry.action, entry.detail) for entry in entries] == [
        (
            "group_mapping.added",
            {
                "group": "payments-leads",
                "solution": solution.public_id,
                "kind": "owner",
                "reason": "They lead it",
            },
        ),
        ("group_mapping.added", {"group": "risk-team", "role": "second", "reason": "Our InfoSec"}),
        ("group_mapping.ended", {"group": "risk-team", "role": "second", "reason": "Renamed"}),
    ]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"stands_for": "owner"}, "Choose the solution."),
        ({"stands_for": "external"}, "Select a valid choice."),
        ({"stands_for": "third"}, "The group stands for a line already: Second line."),
    ],
)
def test_a_group_that_cannot_be_is_refused_in_words(log_in: LogIn, said: dict[str, str], why: str) -> None:
    GroupMappingFactory(group="risk", role=Role.SECOND)
    answer = log_in(administrator=True).post("/organisation/groups/add/", {"group": "risk", "reason": "x", **said})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert GroupMapping.objects.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_the_table_of_groups_costs_the_same_for_any_number(
    log_in: LogIn, count: int, django_assert_num_queries: Any
) -> None:
    browser = log_in(administrator=True)
    for _n in range(count):
        GroupMappingFactory()
        GroupMappingFactory(role="", solution=SolutionFactory(), kind=Grant.Kind.MEMBER)
    with django_assert_num_queries(7):
        browser.get("/organisation/groups/")

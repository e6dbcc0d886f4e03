import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from audit.models import TrailEntry
from organisation.models import Grant, Solution
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import (
    AccountFactory,
    GrantFactory,
    SolutionAccountFactory,
    SolutionFactory,
    TagRuleFactory,
    UserFactory,
)

LIST = "/organisation/solutions/"


def acts(solution: Solution) -> list[str]:
    about = TrailEntry.objects.about("solution", solution.public_id).order_by("id")
    return list(about.values_list("action", flat=True))


def test_an_administrator_adds_a_solution_and_says_where_it_lives_and_who_owns_it(
    administrator: LoggedIn,
) -> None:
    account, owner = AccountFactory(), UserFactory(first_line=True)
    administrator.post(f"{LIST}add/", {"name": "Payments", "description": "Takes cards."})
    solution = Solution.objects.get(name="Payments")
    page = f"{LIST}{solution.public_id}/"
    administrator.post(f"{page}accounts/add/", {"account": account.pk, "whole": "no"})
    administrator.post(f"{page}tag-rules/add/", {"key": "solution", "value": "pay*"})
    administrator.post(f"{page}people/add/", {"person": owner.pk, "kind": "owner", "reason": "Leads the team"})
    shown = administrator.get(page).content.decode()
    assert f"Payments: owned by {owner.name}" in shown
    assert "solution=pay*" in shown
    assert acts(solution) == [
        "solution.added",
        "solution.account_added",
        "solution.tag_rule_added",
        "grant.given",
    ]


def test_the_title_says_how_many_nobody_owns(second_line: LoggedIn) -> None:
    GrantFactory(kind=Grant.Kind.OWNER)
    SolutionFactory()
    assert "2 solutions, 1 without an owner" in second_line.get(LIST).content.decode()


def test_the_first_line_sees_its_own_solutions_only(log_in: LogIn) -> None:
    SolutionFactory(name="Other")
    browser = log_in(first_line=True, owns=[SolutionFactory(name="Mine")])
    shown = browser.get(LIST).content.decode()
    assert "Mine" in shown
    assert "Other" not in shown


def test_two_people_cannot_overwrite_each_other(administrator: LoggedIn, second_line: LoggedIn) -> None:
    solution = SolutionFactory(name="Payments")
    url = f"{LIST}{solution.public_id}/change/"
    assert 'name="version" value="1"' in administrator.get(url).content.decode()
    second_line.post(url, {"name": "Payments", "description": "Settles.", "version": 1})
    answer = administrator.post(url, {"name": "Card payments", "description": "Takes cards.", "version": 1})
    shown = answer.content.decode()
    assert f"{second_line.person.name} saved this on" in shown
    assert "Settles." in shown
    assert 'name="version" value="2"' in shown
    solution.refresh_from_db()
    assert (solution.name, solution.description, solution.version) == ("Payments", "Settles.", 2)


def test_a_name_is_taken_whatever_its_capitals(administrator: LoggedIn) -> None:
    SolutionFactory(name="Payments")
    answer = administrator.post(f"{LIST}add/", {"name": "payments"})
    assert answer.status_code == 422
    assert "Another solution has this name" in answer.content.decode()


def test_a_retired_solution_ends_everything_and_keeps_its_history(administrator: LoggedIn) -> None:
    solution = SolutionFactory()
    SolutionAccountFactory(solution=solution)
    TagRuleFactory(solution=solution)
    member = GrantFactory(solution=solution).person
    administrator.post(f"{LIST}{solution.public_id}/retire/", {"reason": "Replaced"})
    assert not Solution.objects.visible_to(member).exists()
    assert "0 solutions" in administrator.get(LIST).content.decode()
    assert solution.name in administrator.get(f"{LIST}?state=retired").content.decode()
    assert solution.name in administrator.get(f"{LIST}?as_of=2026-01-01").content.decode()
    assert acts(solution)[-1] == "solution.retired"


def test_nothing_ends_without_a_reason(administrator: LoggedIn) -> None:
    rule = TagRuleFactory()
    url = f"{LIST}{rule.solution.public_id}/tag-rules/{rule.pk}/end/"
    assert administrator.post(url, {"reason": ""}).status_code == 422
    rule.refresh_from_db()
    assert rule.valid_to is None
    assert administrator.post(url, {"reason": "Wrong tag"}).status_code == 302
    rule.refresh_from_db()
    assert rule.valid_to is not None


def test_a_rule_cannot_begin_in_the_past_nor_end_before_it_begins(administrator: LoggedIn) -> None:
    solution = SolutionFactory()
    url = f"{LIST}{solution.public_id}/tag-rules/add/"
    with at("2026-06-10"):
        administrator.force_login(administrator.person)
        past = administrator.post(url, {"key": "k", "value": "v", "since": "2026-06-09"})
        turned = administrator.post(url, {"key": "k", "value": "v", "since": "2026-06-20", "until": "2026-06-15"})
    assert "cannot begin in the past" in past.content.decode()
    assert "end before it begins" in turned.content.decode()


def test_a_solution_looks_as_it_did_then(second_line: LoggedIn) -> None:
    solution = SolutionFactory()
    with at("2026-02-01"):
        place = SolutionAccountFactory(solution=solution)
        place.close(place.valid_from.replace(year=2026, month=1))
    url = reverse("organisation:solution", args=[solution.public_id])
    assert place.account.name in second_line.get(f"{url}?as_of=2025-12-31").content.decode()
    assert place.account.name not in second_line.get(url).content.decode()


def test_accounts_in_no_solution_are_a_door(second_line: LoggedIn) -> None:
    SolutionAccountFactory()
    free = AccountFactory(name="stray")
    assert "1 account belongs to no solution" in second_line.get(LIST).content.decode()
    shown = second_line.get("/organisation/accounts/?state=unclaimed").content.decode()
    assert free.account_id in shown
    assert "2 accounts, 1 in no solution" in shown


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    second_line: LoggedIn, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        grant = GrantFactory(kind=Grant.Kind.OWNER)
        SolutionAccountFactory(solution=grant.solution)
        TagRuleFactory(solution=grant.solution)
    second_line.get(LIST)
    with django_assert_num_queries(14):
        second_line.get(LIST)

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.cache import cache
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from organisation import ownership
from organisation.ownership import Rules, follow_dates
from tests.clock import at
from tests.databases import Clone
from tests.factories import AccountFactory, SolutionAccountFactory, SolutionFactory, TagRuleFactory
from tests.workers import Task

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def test_a_whole_account_belongs_to_its_solution_whatever_its_tags(db: None) -> None:
    place = SolutionAccountFactory()
    rules = Rules.in_force(NOON)
    assert rules.owners_of(place.account.account_id, {}) == [place.solution.pk]
    assert rules.owners_of("999999999999", {}) == []


@pytest.mark.parametrize(
    ("wanted", "value", "owned"),
    [
        ("payments", "Payments", True),
        ("payments", "payments-eu", False),
        ("payments*", "payments-eu", True),
        ("*", "anything", True),
        ("pay*ments", "payments", False),
    ],
)
def test_a_shared_account_belongs_by_tag(db: None, wanted: str, value: str, owned: bool) -> None:
    place = SolutionAccountFactory(whole=False)
    TagRuleFactory(solution=place.solution, value=wanted)
    owners = Rules.in_force(NOON).owners_of(place.account.account_id, {"Solution": value})
    assert owners == ([place.solution.pk] if owned else [])


def test_a_tag_counts_only_where_the_solution_lives(db: None) -> None:
    TagRuleFactory(value="payments")
    elsewhere = SolutionAccountFactory(whole=False).account
    assert Rules.in_force(NOON).owners_of(elsewhere.account_id, {"solution": "payments"}) == []


def test_two_solutions_own_what_both_claim(db: None) -> None:
    account = AccountFactory()
    first, second = (SolutionAccountFactory(account=account).solution for _ in range(2))
    assert Rules.in_force(NOON).owners_of(account.account_id, {}) == sorted([first.pk, second.pk])


def test_rules_are_those_in_force_then(db: None) -> None:
    place = SolutionAccountFactory(valid_to=datetime(2026, 3, 1, tzinfo=UTC))
    account = place.account.account_id
    assert Rules.in_force(datetime(2026, 2, 28, tzinfo=UTC)).owners_of(account, {}) == [place.solution.pk]
    assert Rules.in_force(NOON).owners_of(account, {}) == []


def test_the_rules_cost_two_queries(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(3):
        TagRuleFactory(solution=SolutionAccountFactory().solution)
    with django_assert_num_queries(2):
        Rules.in_force(NOON)


def test_a_change_of_ownership_reaches_the_workers_once_it_is_committed(
    committed_database: Clone, handed_over: Callable[[], list[Task]]
) -> None:
    cache.clear()
    solution, account = SolutionFactory(), AccountFactory()
    with transaction.atomic():
        place = ownership.add_account(solution, account, whole=True, by="test")
        ownership.add_tag_rule(solution, key="system", value="ledger", by="test")
        assert handed_over() == []
    assert handed_over() == [("findings.tasks.reassign_resources", ())], "changes close together are one task"
    cache.clear()
    ownership.end(place, reason="Moved", by="test")
    assert handed_over() == [("findings.tasks.reassign_resources", ())]


def test_a_rule_that_ends_by_its_date_is_told(db: None) -> None:
    rule = TagRuleFactory(valid_to=datetime(2026, 3, 31, 11, 30, tzinfo=UTC))
    TagRuleFactory()
    with at("2026-03-31"):
        assert follow_dates(NOON) == {rule.solution.pk}

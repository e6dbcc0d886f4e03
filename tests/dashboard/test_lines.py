"""Each line has its own home, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from organisation.models import Role
from tests.conftest import LoggedIn, LogIn
from tests.dashboard.reading_homes import counted_behind, number_doors
from tests.factories import AccountFactory, SolutionAccountFactory, SolutionFactory, UserFactory
from tests.factories.findings import ConnectionFactory, FindingFactory, ScopeFactory
from tests.findings_pages.reading_pages import counted, title, words

pytestmark = pytest.mark.django_db
TRAITS = ("first_line", "second_line", "third_line", "external", "administrator")


@pytest.mark.parametrize("trait", TRAITS)
def test_nobody_sees_another_line_s_home(log_in: LogIn, trait: str) -> None:
    browser = log_in(**{trait: True})
    assert browser.get("/").status_code == 200
    for role in Role:
        expected = 200 if role.value == browser.person.line else 403
        assert browser.get(f"/?line={role.value}").status_code == expected


def test_who_holds_two_lines_switches_between_them(log_in: LogIn) -> None:
    mine = SolutionFactory(name="Payments")
    browser = log_in(UserFactory(first_line=True, second_line=True, owns=[mine]))
    FindingFactory(solutions=[mine])
    FindingFactory(solutions=[SolutionFactory()])
    counted()
    landed = browser.get("/", follow=True)
    assert landed.redirect_chain == [("/?line=first", 302)]
    assert title(landed).startswith("Payments: 1 check fails")
    assert 'href="/?line=second"' in landed.content.decode()
    assert title(browser.get("/?line=second")).startswith("The estate: 0")


def test_the_accent_and_the_badge_are_those_of_the_line_looked_through(log_in: LogIn) -> None:
    browser = log_in(UserFactory(first_line=True, third_line=True))
    for line, name in (("first", "First line"), ("third", "Third line")):
        for address in ("/", "/findings/"):
            page = browser.get(f"{address}?line={line}").content.decode()
            assert f'<body class="line-{line}"' in page, address
            assert f'<span class="line-badge wide">{name}</span>' in page, address
    assert 'href="/?line=third"' in browser.get("/findings/?line=third").content.decode()  # the rail keeps it
    assert '<body class="line-first"' in browser.get("/findings/?line=second").content.decode()  # a line not held


def test_the_first_line_s_queue_of_who_also_oversees_counts_what_the_first_line_sees(log_in: LogIn) -> None:
    payments = SolutionAccountFactory(solution=SolutionFactory(name="Payments"))
    browser = log_in(UserFactory(first_line=True, second_line=True, owns=[payments.solution]))
    FindingFactory.create_batch(2, resource__account=payments.account.account_id)
    FindingFactory(resource__account="999900001111")
    counted()
    home = browser.get("/?line=first")
    assert "2 failing resources belong to nobody" in words(home)
    queue = browser.get("/findings/unowned/?line=first")
    assert title(queue) == "Nobody answers for 2 resources that fail"
    doors = number_doors(queue)
    assert counted_behind(browser, doors) == doors
    assert title(browser.get("/findings/unowned/?line=second")) == "Nobody answers for 3 resources that fail"


def test_who_holds_one_line_has_no_switch(second_line: LoggedIn) -> None:
    assert "?line=" not in second_line.get("/").content.decode()


@pytest.mark.parametrize("address", ["/", "/findings/", "/changes/", "/organisation/people/"])
def test_somebody_without_a_role_reads_whom_to_ask(log_in: LogIn, address: str) -> None:
    UserFactory(administrator=True, name="Erin Walsh", email="erin@example.org")
    answer = log_in().get(address)
    assert answer.status_code == 403
    assert title(answer) == "You have no role today"
    assert "Erin Walsh, erin@example.org" in words(answer)


def test_nobody_comes_in_unnamed(client: Any) -> None:
    assert client.get("/").status_code == 302
    assert client.get("/changes/").status_code == 302


def test_an_administrator_reads_what_is_to_set_up_and_no_finding(administrator: LoggedIn) -> None:
    ConnectionFactory(name="Production")
    AccountFactory()
    FindingFactory(solutions=[SolutionFactory(name="Payments")])
    UserFactory(name="Finn Larsen")
    counted()
    page = administrator.get("/")
    said = words(page)
    assert title(page).endswith("to set up and 1 person without a role")
    assert "Production" in said
    assert "Finn Larsen" in said
    assert "Give somebody the role “Second line”" in said
    assert "Name an owner for 1 solution" in said
    assert "Assign 1 account to a solution" in said
    assert number_doors(page) == {}
    assert administrator.get("/changes/").status_code == 403


def test_a_connection_that_is_read_needs_no_test_to_be_set_up(administrator: LoggedIn) -> None:
    connection = ConnectionFactory(name="Production")
    assert "Test 1 connection" in words(administrator.get("/"))
    ScopeFactory(connection=connection)
    assert "Test 1 connection" not in words(administrator.get("/"))


def test_an_empty_installation_says_what_comes_first(administrator: LoggedIn) -> None:
    page = administrator.get("/")
    assert title(page) == "Nothing is connected yet"
    assert "Connect AWS" in words(page)


@pytest.mark.parametrize("count", [1, 3])
def test_an_administrator_s_home_costs_the_same_for_any_number(
    administrator: LoggedIn, count: int, django_assert_num_queries: Any
) -> None:
    ConnectionFactory.create_batch(count)
    UserFactory.create_batch(count)
    SolutionFactory.create_batch(count)
    administrator.get("/?again=1")
    with django_assert_num_queries(14):
        administrator.get("/")

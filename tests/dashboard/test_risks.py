"""What the homes tell of risks: every number is a door into the register."""

from __future__ import annotations

import pytest

from organisation.models import Solution
from risks import standing
from risks.models import Risk
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory
from tests.factories.risks import AppetiteFactory, AssessmentFactory, RiskFactory
from tests.findings_pages.reading_pages import words

pytestmark = pytest.mark.django_db


def high(solution: Solution) -> Risk:
    """Above appetite, as it is stated for everything: likely and major."""
    risk: Risk = RiskFactory(solution=solution)
    AppetiteFactory() if not Risk.objects.filter(standing="above_appetite").exists() else None
    AssessmentFactory(risk=risk)
    standing.refresh()
    return risk


def doors(browser: LoggedIn, address: str = "/") -> str:
    return browser.get(address).content.decode().replace("&amp;", "&")


def test_the_second_line_sees_a_small_heat_map(second_line: LoggedIn) -> None:
    payments, other = SolutionFactory(name="Payments"), SolutionFactory()
    high(payments)
    high(other)
    RiskFactory(solution=other)
    page = doors(second_line)
    assert 'aria-label="Likely, Major: High, 2 risks"' in page
    assert 'href="/risks/?likelihood=3&impact=3"' in page
    assert 'href="/risks/?standing=above_appetite"' in page
    assert 'href="/risks/?standing=not_assessed"' in page
    narrowed = doors(second_line, f"/?solution={payments.public_id}")
    assert f'href="/risks/?solution={payments.public_id}&likelihood=3&impact=3"' in narrowed
    assert 'aria-label="Likely, Major: High, 1 risk"' in narrowed


def test_without_a_risk_the_home_says_nothing_of_them(second_line: LoggedIn, first_line: LoggedIn) -> None:
    for browser in (second_line, first_line):
        assert 'id="risks-title"' not in doors(browser)


def test_the_first_line_has_figures_of_its_own(log_in: LogIn) -> None:
    mine = SolutionFactory(name="Payments")
    browser = log_in(first_line=True, owns=[mine])
    high(mine)
    high(SolutionFactory())
    RiskFactory(solution=mine)
    page = browser.get("/")
    assert "Above appetite 1 Not assessed 1" in words(page)
    assert "All 2 open risks" in words(page)
    assert 'href="/risks/?standing=above_appetite"' in page.content.decode()


def test_a_home_follows_a_risk_at_once_and_shows_the_past_as_it_was(second_line: LoggedIn) -> None:
    with at("2026-03-01"):
        high(SolutionFactory())
        assert "High, 1 risk" in doors(second_line)
        high(SolutionFactory())
        assert "High, 2 risks" in doors(second_line)
    with at("2026-03-05"):
        assert 'id="risks-title"' not in doors(second_line, "/?as_of=2019-12-01")
        then = doors(second_line, "/?as_of=2026-03-02")
        assert "High, 2 risks" in then
        assert 'href="/risks/?as_of=2026-03-02&likelihood=3&impact=3"' in then

"""Each line logs in, sees its home, and drills from a number to the findings that it counts."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import Installation

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.xdist_group("journeys")]
Visit = Callable[..., Page]


def number(words: str) -> int:
    """The first number in some words: "1,230 findings fail" is 1230."""
    found = re.search(r"\d[\d,\u202f ]*", words)
    assert found, words
    return int(re.sub(r"\D", "", found[0]))


def listed(page: Page) -> int:
    """How many findings the explorer's list really has, counted page by page."""
    rows = 0
    while True:
        rows += page.locator("table.findings tbody tr").count()
        following = page.get_by_role("link", name="Next")
        if not following.count():
            return rows
        before = page.url
        following.first.click()
        expect(page).not_to_have_url(before)
        page.wait_for_load_state("networkidle")


def drill(page: Page, door: Locator) -> tuple[int, int]:
    """(what a number says, how many rows the list behind it has)."""
    said = number(door.inner_text())
    door.click()
    page.wait_for_load_state("networkidle")
    return said, listed(page)


def test_an_engineer_sees_what_fails_and_what_to_change(visit: Visit) -> None:
    page = visit("first")
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(r"Payments: [\d,]+ checks? fails?"))
    expect(page.locator("body")).not_to_contain_text("Ledger")
    row = page.locator("table.list tbody tr").first
    said, rows = drill(page, row.locator("td.num a").first)
    assert said == rows > 0
    page.locator("table.findings td.door a").first.click()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("heading", name=re.compile("change|fix", re.IGNORECASE)).first).to_be_visible()


def test_infosec_goes_from_the_posture_to_the_findings_behind_it(visit: Visit) -> None:
    page = visit("second")
    row = page.locator("table.list tbody tr", has_text="Payments").first
    said, rows = drill(page, row.locator("td.num a").first)
    assert said == rows > 0
    assert "solution=S-" in page.url


def test_an_auditor_asks_what_was_true_then_and_changes_nothing(visit: Visit, installation: Installation) -> None:
    page = visit("third")
    fails = page.locator("table.list tbody td.num a").first
    said, rows = drill(page, fails)
    assert said == rows > 0
    assert page.locator("form[method=post]:not([action*='/account/']):not([action*='theme'])").count() == 0


def test_another_solutions_findings_do_not_exist_for_an_engineer(visit: Visit, installation: Installation) -> None:
    second = visit("second")
    second.goto(f"{installation.address}/findings/?solution={installation.ledger.public_id}")
    href = second.locator("table.findings td.door a").first.get_attribute("href")
    page = visit("first")
    assert href
    assert page.context.request.get(f"{installation.address}{href}").status == 404
    assert second.context.request.get(f"{installation.address}{href}").status == 200

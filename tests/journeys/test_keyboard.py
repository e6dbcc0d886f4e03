"""Findings without a mouse: /, j, k, Enter, Esc, and ? for the keys."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.conftest import Installation

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.xdist_group("journeys")]
Visit = Callable[..., Page]


def doors(page: Page) -> Locator:
    """The doors of the list's rows."""
    return page.locator("table.findings tbody td.door a")


def test_one_searches_walks_the_list_and_opens_a_finding_by_keys_alone(visit: Visit) -> None:
    page = visit("second")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("s3.")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/findings/\?.*q=s3\."))
    expect(doors(page).nth(2)).to_be_visible()
    for key, row in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(doors(page).nth(row)).to_be_focused()
    expect(doors(page).nth(1)).to_have_css("outline-style", "solid")
    opened = doors(page).nth(1).get_attribute("href")
    following = doors(page).nth(2).get_attribute("href")
    assert opened
    assert following
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{opened.partition('?')[0]}*")
    page.keyboard.press("j")
    page.wait_for_url(f"**{following.partition('?')[0]}*")
    page.keyboard.press("k")
    page.wait_for_url(f"**{opened.partition('?')[0]}*")


def test_escape_leaves_the_search_and_the_keys_are_the_lists_again(visit: Visit, installation: Installation) -> None:
    page = visit("second")
    page.goto(f"{installation.address}/findings/")
    page.keyboard.press("/")
    page.keyboard.type("never mind")
    page.keyboard.press("Escape")
    expect(page.locator("#search")).not_to_be_focused()
    page.keyboard.press("j")
    expect(doors(page).first).to_be_focused()
    assert page.url == f"{installation.address}/findings/"


@pytest.mark.parametrize("name", ["Narrow by", "Export", "Columns"])
def test_escape_closes_what_is_unfolded_and_the_focus_is_where_it_was(
    visit: Visit, installation: Installation, name: str
) -> None:
    page = visit("second")
    page.goto(f"{installation.address}/findings/")
    summary = page.locator("#explorer summary", has_text=name)
    unfolded = page.locator("#explorer details[open]")
    summary.focus()
    page.keyboard.press("Enter")
    expect(unfolded).to_have_count(1)
    page.keyboard.press("Tab")
    expect(unfolded.locator(":focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(unfolded).to_have_count(0)
    expect(summary).to_be_focused()


def test_the_keys_are_shown_and_put_away_by_keys(visit: Visit) -> None:
    page = visit("second")
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog#keys")).not_to_be_visible()

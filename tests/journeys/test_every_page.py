"""Every page of every line, as the browser lays it out and as the network carries it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page

from tests.journeys.conftest import Installation

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.xdist_group("journeys")]
Visit = Callable[..., Page]
LINES = ("first", "second", "third", "administrator")
BEGIN = ("/", "/desk/jobs/", "/desk/notices/", "/organisation/preferences/")
OBJECT = re.compile(r"\b[A-Z]{1,2}-\d+|\b\d+")
NO_PAGE = re.compile(
    r"/(record|file|export|template|problems|key|take|hub-role|member-role|write-role|event-queue|event-forwarding|logout)/|/template\.|\.(csv|xlsx)(\?|$)|^/static/|/trail-heads/TH-|\.py$"
)
FEWEST = {"first": 10, "second": 15, "third": 12, "administrator": 12}
"""Kinds of pages that each line comes upon, at least: a walk that ends early proves nothing."""
NARROW = {"width": 390, "height": 844}
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()
MOST = 400_000
"""Bytes of script and style that a page may transfer, compressed, with nothing in the cache."""
TRANSFERRED = """performance.getEntriesByType("resource")
  .filter(one => ["script", "link", "css"].includes(one.initiatorType))
  .reduce((sum, one) => sum + one.transferSize, 0)"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def kind(address: str) -> str:
    """Pages of one kind have one address, but for the object that they show."""
    return OBJECT.sub("#", address.partition("?")[0])


def walk(page: Page, installation: Installation, line: str) -> Iterator[str]:
    """Open a page of each kind that doors lead to, from the home on: the address of the one that is open."""
    waiting, seen, opened = list(BEGIN), {kind(address) for address in BEGIN}, []
    while waiting:
        address = waiting.pop(0)
        answer = page.goto(f"{installation.address}{address}")
        assert answer
        assert answer.ok, f"{address}: {answer.status}"
        for door in page.locator("a[href^='/']").evaluate_all("all => all.map(one => one.getAttribute('href'))"):
            if kind(door) not in seen and not NO_PAGE.search(door):
                seen.add(kind(door))
                waiting.append(door)
        opened.append(address)
        yield address
    assert len(opened) >= FEWEST[line], opened


@pytest.mark.parametrize("line", LINES)
def test_no_page_scrolls_sideways_on_a_narrow_screen_or_weighs_more_than_agreed(
    visit: Visit, installation: Installation, line: str
) -> None:
    page = visit(line, viewport=NARROW)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    beyond, weights = {}, {}
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    for address in walk(page, installation, line):
        beyond[address], weights[address] = page.evaluate(SIDEWAYS), page.evaluate(TRANSFERRED)
        past = f"{address}{'&' if '?' in address else '?'}as_of={YESTERDAY}"
        page.goto(f"{installation.address}{past}")
        beyond[past] = page.evaluate(SIDEWAYS)
    assert {asked: pixels for asked, pixels in beyond.items() if pixels} == {}
    assert {address: weight for address, weight in weights.items() if not 0 < weight <= MOST} == {}

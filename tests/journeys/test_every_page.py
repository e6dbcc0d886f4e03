"""Every page of every line, as the browser lays it out and as the network carries it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page

from tests.journeys.conftest import Installation

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.xdist_group("journeys")]
Visit = Callable[..., Page]
LINES = ("first", "second", "third", "administrator")
BEGIN = ("/", "/desk/jobs/", "/desk/notices/", "/organisation/preferences/")
OBJECT = re.compile(r"\b[A-Z]-\d+|\b\d+")
NO_PAGE = re.compile(r"/(record|file|hub-role|member-role|event-queue|event-forwarding|logout)/|/template\.|^/static/")
FEWEST = {"first": 10, "second": 15, "third": 12, "administrator": 12}
"""Kinds of pages that each line comes upon, at least: a walk that ends early proves nothing."""
NARROW = {"width": 390, "height": 844}
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()
MOST = 400_000
"""Bytes of script and style that a page may transfer, compressed, with nothing in the cache."""


def kind(address: str) -> str:
    """Pages of one kind have one address, but for the object that they show."""
    return OBJECT.sub("#", address.partition("?")[0])


def walk(page: Page, installation: Installation) -> list[str]:
    """The address of a page of each kind that doors lead to, from the home on."""
    waiting, seen, found = list(BEGIN), {kind(address) for address in BEGIN}, []
    while waiting:
        address = waiting.pop(0)
        answer = page.goto(f"{installation.address}{address}")
        assert answer
        assert answer.ok, f"{address}: {answer.status}"
        found.append(address)
        for door in page.locator("a[href^='/']").evaluate_all("all => all.map(one => one.getAttribute('href'))"):
            if kind(door) not in seen and not NO_PAGE.search(door):
                seen.add(kind(door))
                waiting.append(door)
    return found


@pytest.mark.parametrize("line", LINES)
def test_no_page_scrolls_sideways_on_a_narrow_screen(visit: Visit, installation: Installation, line: str) -> None:
    page = visit(line, viewport=NARROW)
    addresses = walk(page, installation)
    assert len(addresses) >= FEWEST[line], addresses
    beyond = {}
    for address in addresses:
        past = f"{address}{'&' if '?' in address else '?'}as_of={YESTERDAY}"
        for asked in (address, past):
            page.goto(f"{installation.address}{asked}")
            pixels = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            beyond[asked] = pixels
    assert {asked: pixels for asked, pixels in beyond.items() if pixels} == {}


@pytest.mark.parametrize("line", LINES)
def test_no_page_transfers_more_script_and_style_than_agreed(
    visit: Visit, installation: Installation, line: str
) -> None:
    page = visit(line)
    addresses = walk(page, installation)
    assert len(addresses) >= FEWEST[line], addresses
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.setCacheDisabled", {"cacheDisabled": True})
    kinds: dict[str, str] = {}
    sizes: dict[str, float] = {}
    network.on("Network.responseReceived", lambda told: kinds.update({told["requestId"]: told["type"]}))
    network.on("Network.loadingFinished", lambda told: sizes.update({told["requestId"]: told["encodedDataLength"]}))
    weights = {}
    for address in addresses:
        kinds.clear()
        sizes.clear()
        page.goto(f"{installation.address}{address}", wait_until="networkidle")
        weights[address] = sum(size for one, size in sizes.items() if kinds.get(one) in ("Script", "Stylesheet"))
    assert {address: weight for address, weight in weights.items() if not 0 < weight <= MOST} == {}

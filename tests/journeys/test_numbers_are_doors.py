"""Every number of a home, and of the queue of the unowned, opens a list that has as many rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import DAYS, Installation

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.xdist_group("journeys")]
Visit = Callable[..., Page]
NOW, PAST = "", f"?as_of={(datetime.now(UTC) - timedelta(days=DAYS // 2 - 1)).date()}"
LISTS = "#main a[href^='/findings/?'], #main a[href^='/findings/unowned/'], #main a[href^='/changes/']"
NUMBER = re.compile(r"(?:[A-Z][a-z ]*)?([\d,]+)(?:\s[a-z].*)?", re.DOTALL)
"""Of a door that says a number: "146", "Fail 146", "All 2 findings", "8 worse"; not of "S3.2 Buckets should …"."""
FEWEST = {"first": 4, "second": 30, "third": 60, "unowned": 30}
"""Numbers that each page has, at least: a page without doors proves nothing."""
COUNT = """async (address) => {
  let rows = 0;
  while (address) {
    const answer = await fetch(address);
    if (!answer.ok) return `${address} answers ${answer.status}`;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    rows += page.querySelectorAll("#main table.list tbody tr").length;
    const next = page.querySelector("#main a[rel=next]");
    address = next && new URL(next.getAttribute("href"), answer.url).href;
  }
  return rows;
}"""
"""How many rows a list has, walked to its end."""


def doors(page: Page) -> list[tuple[int, str]]:
    """(what it says, where it leads) of each door to a list that says a number."""
    all_of_them = page.locator(LISTS).evaluate_all("all => all.map(one => [one.textContent, one.getAttribute('href')])")
    told = ((NUMBER.fullmatch(" ".join(text.split())), address) for text, address in all_of_them)
    return [(int(number[1].replace(",", "")), address) for number, address in told if number]


def untrue(page: Page) -> dict[str, tuple[int, object]]:
    """Doors whose list has another number of rows than they say: where → (said, found)."""
    counted = {address: page.evaluate(COUNT, address) for address in {address for _, address in doors(page)}}
    return {address: (said, counted[address]) for said, address in doors(page) if said != counted[address]}


@pytest.mark.parametrize("moment", [NOW, PAST], ids=["now", "then"])
@pytest.mark.parametrize("line", ["first", "second", "third"])
def test_every_number_of_a_home_opens_a_list_of_as_many(
    visit: Visit, installation: Installation, line: str, moment: str
) -> None:
    page = visit(line)
    page.goto(f"{installation.address}/{moment}")
    assert len(doors(page)) >= FEWEST[line]
    assert untrue(page) == {}


@pytest.mark.parametrize("moment", [NOW, PAST], ids=["now", "then"])
def test_the_queue_of_the_unowned_is_reached_and_each_of_its_numbers_is_true(
    visit: Visit, installation: Installation, moment: str
) -> None:
    page = visit("second")
    page.goto(f"{installation.address}/{moment}")
    door = page.locator("#main a[href^='/findings/unowned/']").first
    said = NUMBER.fullmatch(door.inner_text().strip())
    assert said
    door.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{said[1]} resources")
    assert len(doors(page)) >= FEWEST["unowned"]
    assert untrue(page) == {}

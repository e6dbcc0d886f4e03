"""A person is mentioned by keyboard alone, without the page being loaded again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Installation

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.xdist_group("journeys")]


def test_a_person_is_picked_while_typing_and_ctrl_enter_sends(
    visit: Callable[..., Page], installation: Installation
) -> None:
    page = visit("first", viewport={"width": 390, "height": 844})
    page.goto(f"{installation.address}/organisation/solutions/{installation.payments.public_id}/")
    page.evaluate("document.getElementById('discussion').scrollIntoView()")
    page.evaluate("window.still = true")
    box = page.locator("#comment-text")
    box.click()
    box.press_sequentially("Please look, @ov")
    expect(page.locator("[role=option]")).to_have_text(["Sam Oversight Second line"])
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Enter")
    page.keyboard.type("today")
    expect(box).to_have_value("Please look, @Sam Oversight today")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".comment-text")).to_have_text("Please look, @Sam Oversight today")
    expect(box).to_have_value("")
    expect(box).to_be_focused()
    page.locator("#watch").click()
    expect(page.locator("#watch")).to_have_text("Watch")
    assert page.evaluate("window.still")
    theirs = visit("second")
    theirs.goto(f"{installation.address}/desk/notices/")
    theirs.get_by_text("Ana Engineer mentioned you on").click()
    expect(theirs.locator("#discussion .mention")).to_have_text("@Sam Oversight")

"""Somebody of a line that needs a second factor sets up a security key, logs in with it, and loses it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.axe import found_by_axe
from tests.journeys.conftest import Installation, enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.xdist_group("journeys")]

KEY = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True}


def plug_in_a_key(page: Page) -> str:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    added = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**KEY, "automaticPresenceSimulation": True}})
    return str(added["authenticatorId"])


def test_a_key_is_set_up_opens_the_portal_and_a_recovery_code_stands_in_for_it_once(
    window: Callable[..., Page], installation: Installation
) -> None:
    portal = installation.address.replace("127.0.0.1", "localhost")  # an address in numbers can't own a key
    person = installation.people["outside"]
    page = window()
    plug_in_a_key(page)

    def log_in() -> None:
        page.goto(f"{portal}/account/login/")
        enter(page, person)

    def log_out() -> None:
        page.goto(f"{portal}/account/logout/")
        page.get_by_role("main").get_by_role("button", name="Log out").click()
        page.wait_for_url("**/account/login/**")

    log_in()
    page.wait_for_url(f"{portal}/account/2fa/")
    expect(page.get_by_text("Your role asks for a second factor. Set one up first")).to_be_visible()
    page.goto(f"{portal}/organisation/preferences/")
    expect(page).to_have_url(f"{portal}/account/2fa/")

    page.get_by_role("link", name="Add a key").click()
    page.get_by_label("Name").fill("Blue key")
    mistakes = found_by_axe(page, "light", "dark")
    page.get_by_role("button", name="Add the key").click()
    page.wait_for_url("**/account/2fa/recovery-codes/")
    codes = page.get_by_label("Unused codes").input_value().split()
    assert len(set(codes)) == 10
    mistakes += found_by_axe(page, "dark", "light")
    page.goto(f"{portal}/organisation/preferences/")
    page.get_by_role("main").get_by_role("link", name="Second factor").click()
    page.get_by_role("link", name="See the keys").click()
    expect(page.get_by_role("row", name="Blue key")).to_be_visible()
    page.get_by_role("link", name="Rename").click()
    mistakes += found_by_axe(page, "light", "dark")
    assert mistakes == []
    page.goto(f"{portal}/")
    expect(page).to_have_url(f"{portal}/")

    log_out()
    log_in()
    expect(page.get_by_role("heading", name="Prove it a second way")).to_be_visible()
    page.goto(f"{portal}/")
    expect(page.get_by_role("heading", name="Prove it a second way")).to_be_visible()
    page.get_by_role("button", name="Use a security key").click()
    page.wait_for_url(f"{portal}/")

    log_out()
    log_in()
    page.get_by_label("Code").fill(codes[3])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{portal}/")
    log_out()
    log_in()
    page.get_by_label("Code").fill(codes[3])
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Incorrect code.")).to_be_visible()

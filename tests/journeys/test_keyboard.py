"""The portal without a mouse: lists, menus, forms, dialogs and what is done in place, by keys alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.conftest import Installation

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.xdist_group("journeys")]
Visit = Callable[..., Page]
MOVING = """Array.from(document.querySelectorAll("*")).flatMap(one => ["", "::before", "::after"].map(part => {
  const style = getComputedStyle(one, part);
  const longest = words => Math.max(...words.split(",").map(parseFloat));
  const moves = style.animationName !== "none" && longest(style.animationDuration) > 0.01;
  return moves || longest(style.transitionDuration) > 0.01 ? one.tagName + "." + one.className + part : "";
})).filter(Boolean)"""
"""What is animated, or would be on a change, for longer than a hundredth of a second."""


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


def test_the_focus_goes_into_a_dialog_and_back_to_where_it_was(visit: Visit, installation: Installation) -> None:
    page = visit("second")
    page.goto(f"{installation.address}/findings/")
    page.keyboard.press("j")
    page.keyboard.press("?")
    close = page.locator("dialog#keys [data-closes]")
    expect(close).to_be_focused()
    page.keyboard.press("Tab")
    assert page.locator(":focus").count() == page.locator("dialog#keys :focus").count(), (
        "nothing behind it has the focus"
    )
    close.press("Enter")
    expect(page.locator("dialog#keys")).not_to_be_visible()
    expect(doors(page).first).to_be_focused()


def test_the_first_key_leads_past_the_rail(visit: Visit) -> None:
    page = visit("first")
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    expect(page.locator("a.skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_menu_opens_closes_and_is_left_by_keys(visit: Visit) -> None:
    page = visit("second")
    summary = page.locator(".header summary", has_text="Scope")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".header details[open]")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.locator(".header details[open] .menu-item").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".header details[open]")).to_have_count(0)
    expect(summary).to_be_focused()


def test_a_list_is_narrowed_and_widened_again_by_keys(visit: Visit, installation: Installation) -> None:
    page = visit("second")
    page.goto(f"{installation.address}/findings/")
    page.locator("#explorer summary", has_text="Narrow by").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    box = page.locator("#explorer .filter-form input[type=checkbox]").first
    expect(box).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    remove = page.locator("#explorer .chip-remove")
    expect(remove).to_have_count(1)
    remove.focus()
    page.keyboard.press("Enter")
    expect(remove).to_have_count(0)


def test_a_refused_log_in_says_so_where_the_focus_is(browser: Browser, installation: Installation) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{installation.address}/")
    page.locator("[name=login]").press_sequentially("ana@example.org")
    page.keyboard.press("Tab")
    page.keyboard.type("not her password")
    page.keyboard.press("Enter")
    expect(page.locator(".form-errors")).to_be_focused()
    expect(page.locator(".form-errors")).to_have_role("alert")
    page.keyboard.press("Tab")
    expect(page.locator("[name=login]")).to_be_focused()
    context.close()


def test_the_focus_is_on_the_first_mistake_of_a_form(visit: Visit, installation: Installation) -> None:
    page = visit("first")
    page.goto(f"{installation.address}/account/password/change/")
    for name in ("oldpassword", "password1", "password2"):
        page.locator(f"[name={name}]").focus()
        page.keyboard.type("not my password, and new")
    page.keyboard.press("Enter")
    mistaken = page.locator("[name=oldpassword]")
    expect(mistaken).to_be_focused()
    expect(mistaken).to_have_attribute("aria-invalid", "true")
    expect(mistaken).to_have_accessible_description(re.compile("current password"))


def test_an_item_is_unfolded_moved_and_taken_back_in_place(visit: Visit, installation: Installation) -> None:
    page = visit("first")
    page.goto(f"{installation.address}/my-items/?kind=findings")
    page.keyboard.press("j")
    door, status = page.locator(".items .door a").first, page.locator(".items [name=status]").first
    expect(door).to_be_focused()
    page.keyboard.press("Enter")
    expect(door).to_have_attribute("aria-expanded", "true")
    expect(door).to_be_focused()
    page.keyboard.press("Tab")
    expect(status).to_be_focused()
    page.keyboard.press("ArrowDown")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    expect(status).to_be_focused()
    expect(status).to_have_value("doing")
    page.keyboard.press("Tab")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#items .message")).to_be_focused()
    expect(status).to_have_value("to_do")


def test_what_is_refused_in_place_has_the_focus(visit: Visit, installation: Installation) -> None:
    page = visit("first")
    page.goto(f"{installation.address}/my-items/?kind=findings")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    day = page.locator(".items [name=planned_on]").first
    day.fill("2020-01-01")
    day.press("Enter")
    expect(page.locator(".items .field-error")).to_contain_text("It lies in the past")
    expect(day).to_have_attribute("aria-invalid", "true")
    expect(day).to_be_focused()


def test_nothing_moves_for_who_asked_for_less_motion(visit: Visit, installation: Installation) -> None:
    page = visit("first", reduced_motion="reduce", viewport={"width": 390, "height": 844})
    for address in ("/", "/my-items/", "/findings/", "/account/password/change/"):
        page.goto(f"{installation.address}{address}")
        page.evaluate("document.documentElement.classList.add('is-busy')")
        page.evaluate("for (const one of document.querySelectorAll('.btn')) one.setAttribute('data-busy', '')")
        assert page.evaluate(MOVING) == [], address

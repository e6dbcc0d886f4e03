"""Every page of every line, as the browser lays it out, as the network carries it and as WCAG 2.2 AA judges it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import transaction
from django.test import override_settings
from playwright.sync_api import Browser, Page, ViewportSize, expect
from pytest_django.plugin import DjangoDbBlocker

from assurance.models import ControlTest
from audit import clock
from evidence.models import Evidence
from organisation.models import Grant, User
from tests.databases import working_on
from tests.factories import GrantFactory, UserFactory
from tests.factories.assurance import (
    AuditFindingFactory,
    ControlTestFactory,
    EngagementFactory,
    PackFactory,
    PopulationFactory,
    SampleFactory,
    SampleItemFactory,
    TeamMemberFactory,
)
from tests.factories.controls import ControlFactory
from tests.factories.evidence import EvidenceFactory
from tests.factories.organisation import PASSWORD
from tests.journeys.axe import found_by_axe
from tests.journeys.conftest import DAYS, Installation, set_back

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.xdist_group("journeys")]
Visit = Callable[..., Page]
LINES = ("first", "second", "third", "administrator", "external")
BEGIN = ("/", "/desk/jobs/", "/desk/notices/", "/organisation/preferences/")
OBJECT = re.compile(r"\b[A-Z]{1,2}-\d+|\b\d+")
NO_PAGE = re.compile(
    r"/(record|file|export|template|problems|key|take|hub-role|member-role|write-role|event-queue|event-forwarding|logout)/|/template\.|\.(csv|xlsx)(\?|$)|^/static/|/trail-heads/TH-|\.py$"
)
FEWEST = {"first": 50, "second": 15, "third": 80, "administrator": 12, "external": 15}
"""Kinds of pages that each line comes upon, at least: a walk that ends early proves nothing."""
NARROW, WIDE = ViewportSize(width=390, height=844), ViewportSize(width=1440, height=900)
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()
MOST = 400_000
"""Bytes of script and style that a page may transfer, compressed, with nothing in the cache."""
WEIGHT = """performance.getEntriesByType("resource")
  .filter(one => ["script", "link", "css"].includes(one.initiatorType))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
"""What came from the cache counts as if it had been transferred."""
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
        if "#" in page.url:  # it goes to the part that it names once all of it is there
            page.wait_for_load_state("networkidle")
        opened.append(address)
        yield address
    assert len(opened) >= FEWEST[line], opened


@pytest.fixture(scope="module")
def seen_of_yesterday() -> set[str]:
    """The kinds of pages that were seen as of yesterday, each for whichever line came first."""
    return set()


@contextmanager
def two_days_ago() -> Iterator[None]:
    set_back(Path(settings.CLOCK_FILE), 2)
    yield
    set_back(Path(settings.CLOCK_FILE), 0)


@pytest.fixture(scope="module", autouse=True)
def under_audit(installation: Installation, django_db_blocker: DjangoDbBlocker) -> None:
    """An audit of Payments with a working paper, a finding and a pack, which have pages too, also as of yesterday.

    And one that somebody from outside does, who logs in with an authenticator app.
    """
    kept = settings.STORAGES["evidence"]
    told = {**kept, "OPTIONS": {**kept["OPTIONS"], "location": str(installation.evidence)}}
    ana, tui, payments = installation.people["first"], installation.people["third"], installation.payments
    with (
        django_db_blocker.unblock(),
        override_settings(STORAGES={**settings.STORAGES, "evidence": told}),
        working_on(installation.clone),
        transaction.atomic(),
        two_days_ago(),
    ):
        control = ControlFactory(name="Leavers lose their access", manual=True, solution=payments, owner=ana)
        engagement = EngagementFactory(title="Leavers", of=[payments], with_team=[tui], added_by=tui)
        paper = ControlTestFactory(engagement=engagement, control=control, state=ControlTest.State.UNDER_WAY)
        listed = EvidenceFactory(
            kind=Evidence.Kind.WORKING_PAPER, confidentiality=Evidence.Confidentiality.RESTRICTED,
            captured_by=tui, solution=payments, content=b'{"key":"a"}\n{"key":"b"}\n',
        )  # fmt: skip
        population = PopulationFactory(test=paper, evidence=listed, size=2)
        SampleItemFactory.create_batch(2, sample=SampleFactory(population=population, issued=True))
        told_of = {"engagement": engagement, "control": control, "solution": payments}
        AuditFindingFactory(**told_of, owner=ana)
        PackFactory(sealed=True, of=[payments], framework=engagement.framework, requested_by=tui)
        _from_outside(installation)


def _from_outside(installation: Installation) -> None:
    eve = installation.people["external"] = UserFactory(name="Eve Assessor", email="eve@example.net", external=True)
    User.objects.filter(pk=eve.pk).update(password=PBKDF2PasswordHasher().encode(PASSWORD, "journeys"))
    secret = installation.secrets["external"] = generate_totp_secret()
    TOTP.activate(eve, secret)
    told = {"about_from": clock.now() - timedelta(days=DAYS), "about_to": clock.now() + timedelta(days=1)}
    engagement = EngagementFactory(title="Certification", of=[installation.payments], outside=True, **told)
    TeamMemberFactory(engagement=engagement, person=eve)
    GrantFactory(person=eve, solution=installation.payments, kind=Grant.Kind.ASSURANCE, **told)
    owner = installation.people["first"]
    AuditFindingFactory(engagement=engagement, solution=installation.payments, owner=owner)
    PackFactory(sealed=True, of=[installation.payments], framework=engagement.framework, requested_by=eve)


@pytest.mark.parametrize("line", LINES)
def test_no_page_scrolls_sideways_on_a_narrow_screen_weighs_too_much_or_keeps_anybody_out(
    visit: Visit, installation: Installation, line: str, seen_of_yesterday: set[str]
) -> None:
    page = visit(line, viewport=NARROW)
    beyond, weights, mistakes = {}, {}, {}
    for address in walk(page, installation, line):
        beyond[address], weights[address] = page.evaluate(SIDEWAYS), page.evaluate(WEIGHT)
        mistakes[address] = found_by_axe(page, "light")
        page.set_viewport_size(WIDE)
        mistakes[f"{address}, wide and dark"] = found_by_axe(page, "dark")
        page.set_viewport_size(NARROW)
        if line != "external" and kind(address) not in seen_of_yesterday:  # who looks at their period alone
            seen_of_yesterday.add(kind(address))
            past = f"{address}{'&' if '?' in address else '?'}as_of={YESTERDAY}"
            page.goto(f"{installation.address}{past}")
            beyond[past] = page.evaluate(SIDEWAYS)
    assert {asked: found for asked, found in mistakes.items() if found} == {}
    assert {asked: pixels for asked, pixels in beyond.items() if pixels} == {}
    assert {address: weight for address, weight in weights.items() if not 0 < weight <= MOST} == {}


def test_axe_finds_nothing_where_nobody_is_logged_in(browser: Browser, installation: Installation) -> None:
    context = browser.new_context(viewport=NARROW)
    page, mistakes = context.new_page(), {}
    for address in ("/", "/account/password/reset/", "/account/password/reset/done/", "/nothing/"):
        page.goto(f"{installation.address}{address}")
        mistakes[address] = found_by_axe(page, "dark", "light")
    page.goto(f"{installation.address}/")
    _log_in(page, "nobody@example.org")
    expect(page.locator(".form-errors")).to_be_visible()
    mistakes["refused"] = found_by_axe(page, "light", "dark")
    context.close()
    assert {asked: found for asked, found in mistakes.items() if found} == {}


@pytest.mark.usefixtures("two_steps")
def test_axe_finds_nothing_at_the_second_step_and_the_focus_is_on_a_refused_code(
    browser: Browser, installation: Installation
) -> None:
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    page.goto(f"{installation.address}/")
    _log_in(page, "two@example.org")
    page.wait_for_url("**/2fa/**")
    mistakes = found_by_axe(page, "dark", "light")
    page.locator("[name=code]").fill("123456")
    page.keyboard.press("Enter")
    expect(page.locator(".field-error")).to_be_visible()
    expect(page.locator("[name=code]")).to_be_focused()
    mistakes += found_by_axe(page, "light", "dark")
    context.close()
    assert mistakes == []


def _log_in(page: Page, email: str) -> None:
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")


@pytest.fixture(scope="module")
def two_steps(installation: Installation, django_db_blocker: DjangoDbBlocker) -> None:
    """A person whose log-in asks for an authenticator's code."""
    with django_db_blocker.unblock(), working_on(installation.clone), transaction.atomic():
        person = UserFactory(name="Twyla Twostep", email="two@example.org", second_line=True)
        User.objects.filter(pk=person.pk).update(password=PBKDF2PasswordHasher().encode(PASSWORD, "journeys"))
        TOTP.activate(person, generate_totp_secret())


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
def test_axe_finds_nothing_in_what_unfolds(visit: Visit, installation: Installation, size: ViewportSize) -> None:
    page, mistakes = visit("first", viewport=size), {}
    for address in ("/my-items/?kind=findings", "/findings/"):
        page.goto(f"{installation.address}{address}")
        for summary in page.locator("summary:visible").all():
            summary.click()
            mistakes[f"{address} {summary.text_content()}"] = found_by_axe(
                page, "light", "dark", within="details[open]"
            )
            page.evaluate("for (const one of document.querySelectorAll('details[open]')) one.open = false")
    page.keyboard.press("?")
    mistakes["keys"] = found_by_axe(page, "light", "dark", within="dialog#keys")
    page.goto(f"{installation.address}/my-items/?kind=findings")
    page.locator(".items .door a").first.click()
    page.get_by_role("button", name="Ask for an exception").click()
    expect(page.locator(".item-ask form")).to_be_visible()
    mistakes["item"] = found_by_axe(page, "light", "dark", within=".items .is-unfolded")
    if size is NARROW:
        page.locator("[data-rail]").click()
        mistakes["rail"] = found_by_axe(page, "light", "dark", within="#rail")
    assert {asked: found for asked, found in mistakes.items() if found} == {}


def test_on_paper_there_are_address_moment_and_reader_and_nothing_to_press(
    visit: Visit, installation: Installation
) -> None:
    page = visit("third")
    for address in ("/", "/findings/", "/risks/", "/assurance/", "/assurance/packs/"):
        page.goto(f"{installation.address}{address}")
        page.emulate_media(media="print")
        expect(page.locator(".print-head")).to_contain_text(["Tui Auditor, Third line"])
        expect(page.locator(".print-head")).to_contain_text([f"{installation.address}{address}"])
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator("button:visible, .btn:visible, .rail:visible, .header:visible")).to_have_count(0)
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        page.emulate_media(media="screen")

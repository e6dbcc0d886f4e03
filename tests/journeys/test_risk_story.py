"""Risks: an engineer works from one page, an exception goes through three hands, expires, and an auditor reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import transaction
from playwright.sync_api import Page, expect
from pytest_django.plugin import DjangoDbBlocker

from audit import clock
from findings.models import Acceptance
from organisation.models import User
from risks import expiring
from risks.models import Risk, RiskException, Triage
from tests.databases import working_on
from tests.factories import GrantFactory, UserFactory
from tests.factories.findings import CheckFactory, FindingFactory
from tests.factories.organisation import PASSWORD
from tests.factories.risks import AppetiteFactory, AuthorityFactory, MatrixFactory, RiskFactory
from tests.findings_pages.reading_pages import counted
from tests.journeys.conftest import Installation, set_back

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys")]
Visit = Callable[..., Page]
GROUPS, RISKS, DAYS = 25, 5, 60


@pytest.fixture
def register(installation: Installation, django_db_blocker: DjangoDbBlocker) -> Iterator[list[str]]:
    """What fails in Payments, five risks of Ana's whose review is overdue, and Ben, who may accept.

    Answers the risks' ids.
    """
    with django_db_blocker.unblock(), working_on(installation.clone), transaction.atomic():
        MatrixFactory()
        AppetiteFactory()
        ana = installation.people["first"]
        late = (clock.now() - timedelta(days=3)).date()
        told = {"solution": installation.payments, "owner": ana, "review_on": late}
        for number in range(GROUPS):
            FindingFactory(check_ran=CheckFactory(key=f"Story.{number}"), solutions=[installation.payments])
        counted()
        risks = [RiskFactory(title=f"Something leaks {number}", **told) for number in range(RISKS)]
        ben = UserFactory(name="Ben Manager", email="ben@example.org", first_line=True)
        User.objects.filter(pk=ben.pk).update(password=PBKDF2PasswordHasher().encode(PASSWORD, "journeys"))
        GrantFactory(person=ben, solution=installation.payments)
        AuthorityFactory(person=ben)
        installation.people["ben"] = ben
    yield [risk.public_id for risk in risks]
    set_back(Path(settings.CLOCK_FILE), 0)


def test_an_exception_is_asked_for_accepted_concurred_with_expires_and_is_read(
    visit: Visit, installation: Installation, register: list[str], django_db_blocker: DjangoDbBlocker
) -> None:
    exception = _works_on_one_page(visit("first"), installation, register)
    with django_db_blocker.unblock(), working_on(installation.clone):
        assert Triage.objects.filter(status="doing").count() == GROUPS - 1
        assert Risk.objects.filter(current=2, review_on__gt=clock.now().date()).count() == RISKS
    _moves_on(visit("ben"), installation, exception, "Accept it")
    _moves_on(visit("second"), installation, exception, "Concur")
    with django_db_blocker.unblock(), working_on(installation.clone):
        assert RiskException.objects.live(clock.now()).count() == 1
        assert Acceptance.objects.in_force(clock.now()).exists()
        set_back(Path(settings.CLOCK_FILE), -DAYS)
        expiring.follow(clock.now())
        assert not RiskException.objects.live(clock.now()).exists()
        assert not Acceptance.objects.in_force(clock.now()).exists(), "what it covered is a plain fail again"
    _reads_the_story(visit("third"), installation, exception)


def _works_on_one_page(page: Page, installation: Installation, register: list[str]) -> str:
    """25 finding groups and five risks, and an exception asked for; the page stays the same. Answers its id."""
    page.goto(f"{installation.address}/my-items/?kind=findings")
    boxes = page.locator("input[data-pick]")
    assert boxes.count() >= GROUPS
    for number in range(GROUPS - 1):
        boxes.nth(number).check()
    page.get_by_role("button", name="Under way").click()
    expect(page.get_by_role("status")).to_contain_text(f"{GROUPS - 1} groups are changed.")
    row = page.locator("table.items tbody").nth(GROUPS - 1)
    row.get_by_role("combobox").select_option("waiting")
    expect(row).to_contain_text("others")
    exception = _asks(page)
    page.get_by_role("link", name=re.compile("^Risks")).and_(page.locator(".chip")).click()
    for public_id in register:
        _assesses(page, public_id)
    assert page.url.startswith(f"{installation.address}/my-items/?")
    return exception


def _asks(page: Page) -> str:
    page.locator("table.items .unfolds").first.click()
    page.get_by_role("button", name="Ask for an exception").click()
    form = page.locator(".item-ask form")
    form.get_by_label("Why it is borne").fill("The vendor ships its fix in spring")
    form.get_by_label("Until").fill(f"{clock.now() + timedelta(days=DAYS - 20):%Y-%m-%d}")
    form.get_by_role("button", name="Ask for an exception").click()
    said = page.locator(".item-ask [role=status]")
    expect(said).to_contain_text("is asked for")
    found = re.search(r"EX-\d+", said.inner_text())
    assert found
    return found[0]


def _assesses(page: Page, public_id: str) -> None:
    page.locator("table.items tbody", has_text=public_id).locator(".unfolds").click()
    risk = page.locator(f"#risk-{public_id}")
    risk.get_by_label("Likelihood").select_option("3")
    risk.get_by_label("Impact").select_option("3")
    risk.locator("form", has=page.get_by_role("button", name="State this level")).get_by_label("Why").fill("Seen")
    risk.get_by_role("button", name="State this level").click()
    expect(risk.get_by_role("status")).to_contain_text("Current level: High.")
    review = risk.locator("form", has=page.get_by_role("button", name="Reviewed"))
    review.get_by_label("Next review").fill(f"{clock.now() + timedelta(days=90):%Y-%m-%d}")
    review.locator("[name=because]").fill("Looked at with the team")
    review.get_by_role("button", name="Reviewed").click()
    expect(risk.get_by_role("status")).to_contain_text("Reviewed; the next one is due")


def _moves_on(page: Page, installation: Installation, exception: str, verb: str) -> None:
    """From their own queue."""
    page.goto(f"{installation.address}/my-items/?kind=decision")
    page.locator("table.items tbody", has_text=exception).get_by_role("link").first.click()
    page.get_by_role("link", name=verb).click()
    page.get_by_role("button", name=verb).click()
    expect(page.locator("#messages")).to_contain_text("Done. It is on the record.")


def _reads_the_story(page: Page, installation: Installation, exception: str) -> None:
    page.goto(f"{installation.address}/risks/exceptions/{exception}/")
    story = page.locator("section", has=page.get_by_role("heading", name="What happened, in order"))
    rows = story.locator("tbody tr")
    told = [" ".join(row.split()) for row in rows.all_inner_texts()]
    for state, who in (("Asked for", "Ana Engineer"), ("Accepted", "Ben Manager"), ("In force", "Sam Oversight")):
        assert any(state in row and who in row for row in told), told
    assert any("Expired" in row and "the portal" in row for row in told), told

"""One fact, two languages: from a requirement to what fails it, and from a failing check to what it is for."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect
from pytest_django.plugin import DjangoDbBlocker

from audit import clock
from controls import mapping_sets
from controls.models import Framework, Mapping, MappingSet
from tests.databases import working_on
from tests.journeys.conftest import Installation
from tests.journeys.test_each_line_reads_its_own import drill

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.xdist_group("journeys")]
Visit = Callable[..., Page]
PUBLISHED = "security-hub-nist-800-53"


@pytest.fixture(scope="module")
def nist(installation: Installation, django_db_blocker: DjangoDbBlocker) -> str:
    """The library as it ships, and what AWS publishes of NIST SP 800-53 approved. Answers the framework's id."""
    with django_db_blocker.unblock(), working_on(installation.clone):
        call_command("load_library", stdout=StringIO())
        published = MappingSet.objects.get(key=PUBLISHED)
        mapping_sets.approve(published.mappings.proposed(), because="Read together", by="journeys")
        assert Mapping.objects.in_force(clock.now()).filter(mapping_set=published).exists()
        return Framework.objects.get(key="nist-800-53").public_id


def test_an_auditor_goes_from_a_requirement_to_a_failing_resource_and_its_history(
    visit: Visit, installation: Installation, nist: str
) -> None:
    page = visit("third")
    page.goto(f"{installation.address}/frameworks/")
    page.get_by_role("link", name="NIST SP 800-53").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(r"[\d,]+ of 1,011 requirements"))
    page.get_by_role("searchbox", name=re.compile("Id, number or words")).fill("AC-3")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="AC-3", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("AC-3")
    expect(page.get_by_role("heading", name="Where it stands")).to_be_visible()
    shows = page.locator("section", has=page.get_by_role("heading", name="What shows it"))
    said, rows = drill(page, shows.get_by_role("link", name=re.compile(r"of [\d,]+ fail")).first)
    assert said == rows > 0
    page.locator("table.findings td.door a").first.click()
    history = page.locator("section", has=page.get_by_role("heading", name="History"))
    expect(history.get_by_text("Fail").locator("visible=true").first).to_be_visible()
    expect(page.get_by_role("heading", name="Provenance")).to_be_visible()


def test_an_engineer_goes_from_a_finding_to_its_fix_and_the_requirements_it_serves(
    visit: Visit, installation: Installation, nist: str
) -> None:
    page = visit("first")
    page.goto(f"{installation.address}/findings/?status=fail&source=security_hub")
    page.locator("table.findings td.door a").first.click()
    expect(page.get_by_role("heading", name=re.compile("change|fix", re.IGNORECASE)).first).to_be_visible()
    promises = page.locator("section", has=page.get_by_role("heading", name="Which promises it keeps"))
    requirement = promises.get_by_role("link", name=re.compile(r"^[A-Z]{2}-\d+")).first
    label = requirement.inner_text().split()[0]
    requirement.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(label)
    expect(page.locator("body")).not_to_contain_text("Ledger")

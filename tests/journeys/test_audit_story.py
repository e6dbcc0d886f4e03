"""An audit: planned, sampled, asked for, answered, concluded, reviewed and sealed; and a stranger verifies its pack."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import transaction
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker

from assurance.models import Pack
from assurance.pack import making, verify_pack
from audit import clock
from controls.models import Verdict
from evidence import signing
from organisation.models import User
from tests.databases import working_on
from tests.factories import UserFactory
from tests.factories.controls import ControlFactory, FrameworkVersionFactory
from tests.factories.organisation import PASSWORD
from tests.journeys.conftest import Installation

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journeys")]
Visit = Callable[..., Page]
LEAVERS = b"Key,Label\nL-1,Ari left on 3 March\nL-2,Bo left on 9 March\n"


@pytest.fixture
def audited(installation: Installation, settings: Settings, django_db_blocker: DjangoDbBlocker) -> None:
    """A control that people work, a framework, and Rua, who reviews; files are where the portal keeps its own."""
    kept = settings.STORAGES["evidence"]
    told = {**kept, "OPTIONS": {**kept["OPTIONS"], "location": str(installation.evidence)}}
    settings.STORAGES = {**settings.STORAGES, "evidence": told}
    with django_db_blocker.unblock(), working_on(installation.clone), transaction.atomic():
        FrameworkVersionFactory(framework__name="Access standard")
        ControlFactory(
            name="Access ends on the last day", manual=True, solution=installation.payments,
            owner=installation.people["first"], procedure="Hold each leaver's last day against when access ended.",
        )  # fmt: skip
        rua = UserFactory(name="Rua Reviewer", email="rua@example.org", third_line=True)
        User.objects.filter(pk=rua.pk).update(password=PBKDF2PasswordHasher().encode(PASSWORD, "journeys"))
        installation.people["rua"] = rua


def test_an_auditor_plans_samples_requests_concludes_and_seals_and_a_stranger_verifies(
    visit: Visit, installation: Installation, audited: None, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> None:
    tui, rua = visit("third"), visit("rua")
    engagement = _plans(tui, installation)
    _declares(rua, installation, engagement)
    _declares(tui, installation, engagement)
    _press(tui, "Begin fieldwork")
    paper = _draws(tui, installation, engagement, tmp_path)
    _answers(visit("first"), installation, tmp_path)
    _tests(tui, paper)
    _press(rua.goto(paper) and rua, "Accept it")  # type: ignore[arg-type]
    expect(rua.locator("h1")).to_contain_text("Access ends on the last day")
    expect(rua.locator(".page-sub, header")).to_contain_text(["Partly effective"])
    with django_db_blocker.unblock(), working_on(installation.clone):
        assert Verdict.objects.conclusions().get().result == "partly_effective"
    archive = _seals(tui, installation, engagement, tmp_path, django_db_blocker)
    assert "unchanged since sealed by key" in _verified_offline(archive)
    changed = bytearray(archive.read_bytes())
    changed[len(changed) // 2] ^= 1
    archive.write_bytes(changed)
    assert "unchanged" not in _verified_offline(archive)


def _plans(page: Page, installation: Installation) -> str:
    """Answers the engagement's address."""
    page.goto(f"{installation.address}/assurance/plan/")
    page.get_by_label("Title").fill("Leavers 2026")
    page.get_by_label("Framework").select_option(index=1)
    page.get_by_label("Payments").check()
    page.get_by_label("Audited from").fill(f"{clock.now() - timedelta(days=9):%Y-%m-%d}")
    page.get_by_label("Audited to").fill(f"{clock.now() - timedelta(days=1):%Y-%m-%d}")
    page.get_by_role("button", name="Plan it").click()
    page.get_by_role("link", name="Put somebody on it").click()
    page.get_by_label("Person").select_option(label="Rua Reviewer")
    page.get_by_label("As", exact=True).select_option(label="Reviewer")
    page.get_by_role("button", name="Put them on it").click()
    expect(page.locator("#team")).to_contain_text("Rua Reviewer")
    return page.url


def _declares(page: Page, installation: Installation, engagement: str) -> None:
    page.goto(engagement)
    page.get_by_role("link", name="Declare your independence").click()
    page.get_by_label("In your words").fill("I own nothing of it")
    page.get_by_role("button", name="Declare it").click()
    expect(page.locator("#team")).to_contain_text("Declared on")


def _press(page: Page, words: str) -> None:
    """A link to a page whose button has the same words."""
    page.get_by_role("link", name=words, exact=True).click()
    page.get_by_role("button", name=words, exact=True).click()


def _draws(page: Page, installation: Installation, engagement: str, folder: Path) -> str:
    """A test of how the control operated, its leavers frozen, all of them drawn and asked for. Answers its address."""
    page.goto(engagement)
    page.get_by_role("link", name="Plan tests").click()
    page.get_by_label("Access ends on the last day").check()
    page.get_by_label("Test of design").uncheck()
    page.get_by_role("button", name="Plan them").click()
    page.get_by_role("link", name="Access ends on the last day").click()
    paper = page.url
    (folder / "leavers.csv").write_bytes(LEAVERS)
    page.get_by_role("link", name="Freeze a population").click()
    page.locator("[name=listed]").set_input_files(folder / "leavers.csv")
    page.get_by_role("button", name="Freeze it").click()
    page.get_by_role("link", name="Explain the difference").click()
    page.get_by_label("In words").fill("Human resources' list of leavers, held against the payroll by us")
    page.get_by_role("button", name="Explain it").click()
    page.get_by_role("link", name="Draw a sample").click()
    page.get_by_label("Method").select_option("all")
    page.get_by_role("button", name="Draw it").click()
    expect(page.locator("#sample")).to_contain_text("Ari left on 3 March")
    page.get_by_role("link", name="Ask for the items’ evidence").click()
    page.get_by_label("Who is asked").select_option(label="Ana Engineer")
    page.get_by_label("What is asked for of each item").fill("The ticket that closed the account")
    page.get_by_role("button", name="Ask for it").click()
    expect(page.locator("#sample")).to_contain_text(re.compile("EQ-\\d+"))
    return paper


def _answers(page: Page, installation: Installation, folder: Path) -> None:
    """From My items: of one leaver there is a ticket, of the other one nothing."""
    (folder / "ticket.txt").write_text("Closed on 3 March 2026", encoding="utf-8")
    for leaver, words in (("Ari left", "The ticket"), ("Bo left", "There is none, because nobody opened one")):
        page.goto(f"{installation.address}/my-items/")
        row = page.locator("table.items tbody", has_text=leaver)
        row.get_by_role("link", name=re.compile(leaver)).click()
        form = page.locator("form", has=page.get_by_role("button", name="Answer it"))
        form.get_by_label("In words").fill(words)
        if leaver == "Ari left":
            form.locator("[name=file]").set_input_files(folder / "ticket.txt")
        form.get_by_role("button", name="Answer it").click()
        expect(page.get_by_role("status").filter(has_text="Answered. Tui Auditor is told")).to_be_visible()


def _tests(page: Page, paper: str) -> None:
    page.goto(paper)
    page.get_by_role("link", name="EQ-").first.click()
    _press(page, "Accept the answer")
    page.goto(paper)
    page.get_by_role("link", name="Result of item 1").click()
    page.get_by_label("No deviation").check()
    page.locator("input[name=evidence]").first.check()
    page.get_by_role("button", name="Keep the result").click()
    page.get_by_role("link", name="Result of item 2").click()
    page.get_by_label("Evidence missing: a deviation").check()
    page.get_by_label("What was seen").fill("Nobody opened a ticket")
    page.get_by_role("button", name="Keep the result").click()
    page.get_by_role("link", name="Conclude", exact=True).click()
    page.get_by_label("Partly effective").check()
    page.get_by_label("What was found").fill("1 of 2 leavers has a ticket")
    page.get_by_role("button", name="Conclude", exact=True).click()
    expect(page.locator("main")).to_contain_text("Somebody else than Tui Auditor reviews it.")


def _seals(
    page: Page, installation: Installation, engagement: str, folder: Path, django_db_blocker: DjangoDbBlocker
) -> Path:
    """The pack is asked for, made by a worker's code, and taken away with its signature."""
    public_id = engagement.rstrip("/").rpartition("/")[2]
    page.goto(f"{installation.address}/assurance/packs/ask/?engagement={public_id}")
    page.locator("main form button.btn-primary").click()
    address = page.url
    with django_db_blocker.unblock(), working_on(installation.clone):
        making.run(Pack.objects.latest("pk").pk)
    page.goto(address)
    expect(page.locator("h1")).to_contain_text("sealed")
    for name in ("Download the pack", re.compile("signature", re.IGNORECASE)):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).first.click()
        kept = folder / ("pack.zip" if isinstance(name, str) else "pack.zip.sig")
        download.value.save_as(kept)
    return folder / "pack.zip"


def _verified_offline(archive: Path) -> str:
    """What verify_pack.py says where no network is, to somebody who has the pack, its signature and the fingerprint."""
    alone = ["unshare", "--user", "--map-root-user", "--net"] if shutil.which("unshare") else []
    if alone and subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        alone = []
    program = [sys.executable, "-I", verify_pack.__file__, archive.name]
    asked = ["--fingerprint", signing.fingerprint(), "--signature", f"{archive.name}.sig"]
    done = subprocess.run(
        [*alone, *program, *asked], cwd=archive.parent, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout + done.stderr

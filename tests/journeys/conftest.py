"""A whole installation for the journeys: sandbox AWS, synced database, portal process, browser."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa import app_settings
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import CommandError, call_command
from django.db import connections
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from pytest_django.plugin import DjangoDbBlocker

from organisation.models import Solution, User
from sandbox import Sandbox
from tests.databases import Clone, a_clone, working_on
from tests.factories import AccountFactory, GrantFactory, SolutionAccountFactory, SolutionFactory, UserFactory
from tests.factories.organisation import PASSWORD

DAYS = 10
LONG_ENOUGH = 5  # seconds that a code must still be right for
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@dataclass
class Installation:
    """What a journey stands on. people: by line; solutions: Payments owns one account, Ledger another.

    Only who comes from outside needs a second factor. evidence: where the portal keeps its files. secrets: of the
    authenticator apps that some of them have.
    """

    address: str
    clone: Clone
    sandbox: Sandbox
    people: dict[str, User]
    payments: Solution
    ledger: Solution
    evidence: Path
    secrets: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="session")
def installation(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
    signing_key: Path,
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("journeys")
    clock_file = folder / "clock.json"
    set_back(clock_file, DAYS)
    with (
        django_db_blocker.unblock(),
        a_clone() as clone,
        Sandbox(seed=11, accounts=6, findings=900, days=DAYS, clock_file=clock_file) as sandbox,
        pytest.MonkeyPatch.context() as patch,
    ):
        environment = {"PORTAL_CLOCK_FILE": str(clock_file), **_aws(sandbox)}
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(settings, "CLOCK_FILE", str(clock_file))
        with working_on(clone):
            made = _prepared(clone, sandbox, clock_file, folder / "evidence")
        environment |= {"EVIDENCE_FOLDER": str(made.evidence), "SIGNING_KEY_FILE": str(signing_key)}
        with _portal({**clone.environment, **environment}, folder) as made.address:
            yield made


def set_back(clock_file: Path, days: float) -> None:
    """Let the portal and the sandbox both live `days` ago."""
    clock_file.write_text(json.dumps({"offset_seconds": -days * 86_400}), encoding="utf-8")


def _aws(sandbox: Sandbox) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": sandbox.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def _prepared(clone: Clone, sandbox: Sandbox, clock_file: Path, evidence: Path) -> Installation:
    """People and solutions, and the estate read at the beginning, half-way and now."""
    with urllib.request.urlopen(f"{sandbox.url}/_sandbox/world") as answer:
        world: dict[str, Any] = json.load(answer)
    owned = [account["id"] for account in world["accounts"] if account["solution"]]
    payments, ledger = SolutionFactory(name="Payments"), SolutionFactory(name="Ledger")
    for solution, account in ((payments, owned[0]), (ledger, owned[-1])):
        SolutionAccountFactory(solution=solution, account=AccountFactory(account_id=account))
    people: dict[str, Any] = {
        "first": UserFactory(name="Ana Engineer", email="ana@example.org", first_line=True),
        "second": UserFactory(name="Sam Oversight", email="sam@example.org", second_line=True),
        "third": UserFactory(name="Tui Auditor", email="tui@example.org", third_line=True),
        "administrator": UserFactory(name="Ada Admin", email="ada@example.org", administrator=True),
        "outside": UserFactory(name="Olu Outside", email="olu@example.net", external=True),
    }
    User.objects.update(password=PBKDF2PasswordHasher().encode(PASSWORD, "journeys"))
    GrantFactory(person=people["first"], solution=payments)
    call_command(
        "connect", "Sandbox", "--hub-account", world["hub_account"], "--home-region", world["home_region"],
        "--hub-role", world["hub_role"], "--member-role", world["member_role"],
        "--external-id", world["external_id"], verbosity=0,
    )  # fmt: skip
    for days in (DAYS, DAYS / 2, 0):
        set_back(clock_file, days)
        with suppress(SystemExit, CommandError):  # one account of the sandbox refuses us, on purpose
            call_command("sync", "--full", "--inline", verbosity=0)
    return Installation("", clone, sandbox, people, payments, ledger, evidence)


@contextmanager
def _portal(environment: dict[str, str], folder: Path) -> Iterator[str]:
    """The portal as it is served in earnest: gunicorn in a process of its own, strict headers, packed static files."""
    environment = {**environment, "PORTAL_ENVIRONMENT": "demo", "STATIC_ROOT": str(folder / "static")}
    environment["MFA_REQUIRED_FOR"] = "external"
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(collect, env=environment, cwd=settings.BASE_DIR, check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = ["gunicorn", "compliance_portal.wsgi", "--bind", address, "--threads", "4"]
    with (folder / "portal.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", *command], env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"http://{address}/healthz", process)
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(150):
        with suppress(OSError), urllib.request.urlopen(address):
            return
        assert process.poll() is None, "the portal ended before it answered"
        time.sleep(0.2)
    raise AssertionError(f"{address} does not answer")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Playwright keeps an event loop on this thread; Django goes on, with connections of its own beside it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "The journeys need a browser: install chromium."
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        opened = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield opened
        opened.close()
        connections.close_all()


@pytest.fixture
def window(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`window()`: a browser in which nobody is logged in. No page may report an error.

    A refused form (422), which the browser reports too, is an answer and no error.
    """
    contexts, complaints = [], []

    def _hear(message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 422" not in message.text:
            complaints.append(message.text)

    def _window(**settings: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **settings})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", _hear)
        return page

    yield _window
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def visit(installation: Installation, window: Callable[..., Page]) -> Callable[..., Page]:
    """`visit("second")`: that person's browser, logged in at their home."""

    def _visit(person: str, **settings: Any) -> Page:
        page = window(**settings)
        page.goto(f"{installation.address}/")
        enter(page, installation.people[person])
        if secret := installation.secrets.get(person):
            page.locator("[name=code]").fill(code_of(secret))
            page.keyboard.press("Enter")
        page.wait_for_url(f"{installation.address}/")
        return page

    return _visit


def enter(page: Page, person: User) -> None:
    """Fill in the log-in that this page shows."""
    page.locator("[name=login]").fill(person.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")


def code_of(secret: str) -> str:
    """What an authenticator app shows, and for long enough yet that it is still right where it arrives."""
    left = app_settings.TOTP_PERIOD - time.time() % app_settings.TOTP_PERIOD
    time.sleep(left if left < LONG_ENOUGH else 0)
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // app_settings.TOTP_PERIOD)))

"""The demo's people, made from what a sandbox over HTTP says of its estate."""

import json
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from audit import clock
from audit.models import TrailEntry
from organisation.models import Delegation, Solution, SolutionAccount, User
from tests.factories import UserFactory

WORLD = {
    "accounts": [
        {"id": f"11111111111{n}", "name": f"{key}-prod", "state": "ACTIVE", "ou_path": "Root", "solution": key}
        for n, key in enumerate(("payments", "customer-portal", "data-platform", "shared-platform", None))
    ]
}


class Estate(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/_sandbox/world" else 404)
        self.end_headers()
        self.wfile.write(json.dumps(WORLD).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def world() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Estate)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def seeded(world: str, credentials: Path) -> list[dict[str, str]]:
    said = StringIO()
    call_command("seed_demo", world=world, credentials=credentials, stdout=said)
    people: list[dict[str, str]] = json.loads(said.getvalue())
    return people


def test_each_line_can_log_in_and_a_second_run_changes_nothing(
    db: None, settings: Settings, world: str, tmp_path: Path
) -> None:
    settings.ENVIRONMENT = "demo"
    credentials = tmp_path / "demo" / "credentials.json"
    people = seeded(world, credentials)
    assert [person["line"] for person in people] == ["first", "second", "third", "administrator"]
    for person in people:
        assert Client().login(email=person["email"], password=person["password"])
    ana = User.objects.get(email=people[0]["email"])
    mine = Solution.objects.visible_to(ana).values_list("name", flat=True)
    assert list(mine) == ["Customer portal", "Payments"]
    payments = Solution.objects.get(name="Payments")
    places = SolutionAccount.objects.filter(solution=payments).order_by("-whole", "account__account_id")
    assert [(place.account.name, place.whole) for place in places] == [
        ("payments-prod", True),
        ("shared-platform-prod", False),
        ("None-prod", False),
    ]
    assert stat.S_IMODE(credentials.stat().st_mode) == 0o600
    written = TrailEntry.objects.count()
    assert seeded(world, credentials) == people
    assert TrailEntry.objects.count() == written


def test_somebody_is_on_leave_and_ana_stands_in(db: None, settings: Settings) -> None:
    with pytest.raises(CommandError, match="in a demo only"):
        call_command("seed_leave")
    settings.ENVIRONMENT = "demo"
    away = UserFactory(name="Lucía", email="lucia@example.org", first_line=True)
    ana = UserFactory(name="Ana", email="ana@example.org", first_line=True)
    for _again in range(2):
        call_command("seed_leave", stdout=StringIO())
    (made,) = Delegation.objects.all()
    assert (made.delegator, made.delegate, made.is_in_force(clock.now())) == (away, ana, True)


def test_only_a_demo_makes_them(db: None, world: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="set PORTAL_ENVIRONMENT=demo"):
        seeded(world, tmp_path / "credentials.json")


def test_the_first_administrator_is_invited_from_the_command_line(db: None) -> None:
    said = StringIO()
    call_command("invite", "tom@example.org", name="Tom", portal="https://portal.example.org", stdout=said)
    assert said.getvalue().startswith("https://portal.example.org/account/password/reset/key/")
    assert User.objects.get().line == "administrator"
    with pytest.raises(CommandError, match="is here already"):
        call_command("invite", "Tom@example.org", name="Tom", portal="https://portal.example.org")

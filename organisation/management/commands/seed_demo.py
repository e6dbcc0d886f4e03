from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from organisation.demo import PEOPLE, new_passwords, seed

PATIENCE = 30  # seconds


class Command(BaseCommand):
    help = "Make the demo's people and solutions from the sandbox's estate, and print a log-in for each line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--world", required=True, help="the sandbox's address, e.g. http://127.0.0.1:4566")
        parser.add_argument(
            "--credentials",
            type=Path,
            default=settings.BASE_DIR / ".demo" / "credentials.json",
            help="where the passwords are kept, readable by you only (default: .demo/credentials.json)",
        )

    def handle(self, *args: Any, world: str, credentials: Path, **options: Any) -> None:
        if settings.ENVIRONMENT != "demo":
            raise CommandError("The demo's people are made in a demo only: set PORTAL_ENVIRONMENT=demo.")
        with urlopen(f"{world.rstrip('/')}/_sandbox/world", timeout=PATIENCE) as answer:
            estate = json.load(answer)
        passwords = _kept(credentials)
        seed(estate, passwords)
        shown = [
            {
                "line": person.role.value,
                "name": person.name,
                "email": person.email,
                "password": passwords[person.email],
            }
            for person in PEOPLE
            if person.is_shown
        ]
        self.stdout.write(json.dumps(shown))


def _kept(path: Path) -> dict[str, str]:
    """The passwords in `path`; made and written there the first time, for its owner's eyes only."""
    try:
        passwords: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        passwords = new_passwords()
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(opened, "w", encoding="utf-8") as file:
            json.dump(passwords, file)
    return passwords

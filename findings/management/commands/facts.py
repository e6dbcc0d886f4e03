from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.moment import Moment
from findings.facts import facts
from findings.models import Connection


class Command(BaseCommand):
    help = "Print, as JSON, what AWS said of findings and Config rules, and what is covered."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--connection", help="Its name; without it all connections are counted together.")
        parser.add_argument("--as-of", type=_moment, help="When it was true, ISO 8601; UTC unless it says otherwise.")
        parser.add_argument("--known-at", type=_moment, help="As the portal knew it then.")

    def handle(self, *args: Any, **options: Any) -> None:
        connections = Connection.objects.all()
        if options["connection"]:
            connections = connections.filter(name=options["connection"])
            if not connections:
                raise CommandError(f"There is no connection named {options['connection']}.")
        moment = Moment.of(options["as_of"], options["known_at"])
        self.stdout.write(json.dumps(facts(list(connections), moment), indent=2, ensure_ascii=False))


def _moment(text: str) -> datetime:
    """A moment; a date alone is its first instant. Raises ValueError, which argparse puts into words."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)

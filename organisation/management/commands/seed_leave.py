from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from organisation.demo import seed_leave


class Command(BaseCommand):
    help = "In the demo, one person goes on leave and another stands in. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT != "demo":
            raise CommandError("The demo's people go on leave in a demo only: set PORTAL_ENVIRONMENT=demo.")
        self.stdout.write("Somebody is away now" if seed_leave() else "Nothing was left to do")

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from evidence import demo_locker


class Command(BaseCommand):
    help = "Make the demo's own evidence, as far as it was brought by this moment of its clock. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT != "demo":
            raise CommandError("The demo's evidence is made in a demo only: set PORTAL_ENVIRONMENT=demo.")
        self.stdout.write(f"{demo_locker.seed()} acts")

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from assurance import demo_engagements


class Command(BaseCommand):
    help = "Make the demo's engagement, as far as what it is about is there. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT != "demo":
            raise CommandError("The demo's engagement is made in a demo only: set PORTAL_ENVIRONMENT=demo.")
        self.stdout.write(f"{demo_engagements.seed()} acts")

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from assurance import demo_packs


class Command(BaseCommand):
    help = "Ask for the demo's pack, once."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT != "demo":
            raise CommandError("The demo's pack is made in a demo only: set PORTAL_ENVIRONMENT=demo.")
        self.stdout.write(f"{demo_packs.seed()} asked for")

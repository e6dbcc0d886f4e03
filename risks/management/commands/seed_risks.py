from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from risks import demo


class Command(BaseCommand):
    help = (
        "Make the demo's own matrix, categories, appetite and authorities, as far as they were decided by this moment "
        "of its clock. Safe to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT != "demo":
            raise CommandError("The demo's risks are made in a demo only: set PORTAL_ENVIRONMENT=demo.")
        self.stdout.write(f"{demo.seed()} acts")

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from controls import demo


class Command(BaseCommand):
    help = (
        "Make the demo's own controls, their mappings, tests and statements, as far as they were done by this moment "
        "of its clock. Safe to repeat."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT != "demo":
            raise CommandError("The demo's controls are made in a demo only: set PORTAL_ENVIRONMENT=demo.")
        self.stdout.write(f"{demo.seed()} acts")

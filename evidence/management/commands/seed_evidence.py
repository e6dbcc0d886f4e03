from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from evidence import demo_locker, demo_requests


class Command(BaseCommand):
    help = (
        "Make the demo's own evidence, requests and attestations, as far as they were made by this moment of its clock."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT != "demo":
            raise CommandError("The demo's evidence is made in a demo only: set PORTAL_ENVIRONMENT=demo.")
        self.stdout.write(f"{demo_locker.seed() + demo_requests.seed()} acts")

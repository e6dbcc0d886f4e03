from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from evidence import demo_snapshots


class Command(BaseCommand):
    help = "Take the demo's snapshots of controls and heads of the trail that are due by its clock."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT != "demo":
            raise CommandError("The demo's snapshots are taken in a demo only: set PORTAL_ENVIRONMENT=demo.")
        self.stdout.write(f"{demo_snapshots.seed()} made")

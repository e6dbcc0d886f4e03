from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from controls import rollup


class Command(BaseCommand):
    help = "Work out where every requirement stands, and keep what changed. Beat does so by itself."

    def handle(self, *args: Any, **options: Any) -> None:
        changed = rollup.roll_up()
        self.stdout.write(f"{changed} spans began or ended.")

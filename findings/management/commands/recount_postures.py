from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from findings import posture


class Command(BaseCommand):
    help = (
        "Count the postures and their sums anew from the history of findings. They are kept with it, so that this is"
        " needed only after somebody changed the database by hand. Nothing is merged meanwhile."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            wrong = posture.recount()
        self.stdout.write(f"Counted anew. {wrong:,} counts were otherwise." if wrong else "Every count was right.")

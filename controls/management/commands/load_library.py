from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from controls.library import load


class Command(BaseCommand):
    help = (
        "Take in the frameworks, packs and published mappings that ship with the portal. Safe to repeat. "
        "What the mappings say is proposed; the second line decides."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for name in load.load():
            self.stdout.write(name)

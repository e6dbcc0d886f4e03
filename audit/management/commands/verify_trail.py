from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import trail
from audit.models import TrailLink


class Command(BaseCommand):
    help = "Compute the trail's chain anew; ends with 1 where an entry was changed, added or taken away."

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = trail.verify()
        if verdict.broken_at is not None:
            raise CommandError(f"The chain is broken at entry {verdict.broken_at} of {verdict.entries}.")
        if verdict.unlinked:
            raise CommandError(f"{verdict.unlinked} of {verdict.entries} entries have no place in the chain.")
        head = TrailLink.objects.order_by("-position").first()
        digest = head.hex if head else "–"
        self.stdout.write(f"The chain holds: {verdict.entries} entries. Digest of the last: {digest}")

"""What is kept no longer: files whose time is over and that no hold covers, and files that no row names."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction

from audit import trail
from evidence import holding
from evidence.capturing import storage
from evidence.evidence_list import held
from evidence.filing import LOCKER, files
from evidence.models import Evidence, LegalHold

SWEPT_AFTER = timedelta(days=1)
"""A file without a row is that of a transaction that was undone, once no transaction can be so old."""
AT_ONCE = 500
log = logging.getLogger(__name__)


def destroy_due(at: datetime) -> int:
    """Destroy the files whose time is over. The rows stay. Safe to repeat. How many there were."""
    due = Evidence.objects.filter(destroyed_at=None, kept_until__lte=at).exclude(held(at))
    return sum(_destroyed(pk, at) for pk in list(due.order_by("pk").values_list("pk", flat=True)))


@transaction.atomic
def _destroyed(pk: int, at: datetime) -> bool:
    """A hold that comes at the same moment comes before or after, never between."""
    holding.take_turns()
    found = Evidence.objects.select_for_update(skip_locked=True).filter(pk=pk, destroyed_at=None).first()
    if found is None or LegalHold.objects.in_force(at).covering(found).exists():
        return False
    found.destroyed_at = at
    found.save(update_fields=["destroyed_at"])
    kept_until = found.kept_until.isoformat()
    trail.record("evidence", "evidence.destroyed", found, sha256=found.sha256, kept_until=kept_until, at=at.isoformat())
    transaction.on_commit(lambda: _delete(found.stored_as), robust=True)
    return True


def sweep(at: datetime) -> list[str]:
    """Delete the files that no row names, and those of destroyed rows that a crash left. Their names."""
    old = (name for name, written in files() if written < at - SWEPT_AFTER)
    swept: list[str] = []
    while names := list(islice(old, AT_ONCE)):
        kept = set(Evidence.objects.filter(stored_as__in=names, destroyed_at=None).values_list("stored_as", flat=True))
        swept += [name for name in names if name not in kept and _delete(name)]
    if swept:
        trail.record("evidence", "locker.swept", LOCKER, files=len(swept), names=swept[:100])
    return swept


def _delete(name: str) -> bool:
    """Whether it is gone. A store that still locks it keeps it; the next sweep tries again."""
    try:
        storage().delete(name)
    except OSError as no:
        log.warning("evidence_file_stays %s: %s", name, no)
        return False
    return True

"""What could not be taken in is kept with the reason, the same thing once, whoever brought it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from findings.connectors.asff import Rejected
from findings.models import Connection, Scope, SetAside

LONGEST = 4_000


def digest_of(row: Rejected) -> UUID:
    return UUID(bytes=hashlib.blake2b(row.kind.encode() or row.body, digest_size=16).digest())


def keep(rows: Iterable[Rejected], *, at: datetime, by: Scope | Connection) -> set[UUID]:
    """Keep these records of a reading (by: its scope) or an event queue (by: its connection); their digests."""
    owner = "scope" if isinstance(by, Scope) else "connection"
    kept = {
        digest_of(row): SetAside(
            **{owner: by},
            native_id=row.native_id.replace("\x00", ""),
            reason=row.reason[:500],
            excerpt=row.body[:LONGEST].decode(errors="replace").replace("\x00", ""),
            digest=digest_of(row),
            first_at=at,
            last_at=at,
        )
        for row in rows
    }
    SetAside.objects.bulk_create(
        kept.values(),
        update_conflicts=True,
        unique_fields=[owner, "digest"],
        update_fields=["last_at", "reason", "excerpt"],
    )
    return set(kept)

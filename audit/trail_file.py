"""The trail as a file: one JSON object a line, in the order of the acts, each with its place in the chain."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import orjson
from django.db import transaction

from audit import trail
from audit.models import TrailEntry
from audit.searching import Search

EXPORTED = "trail.exported"
TRAIL: Any = SimpleNamespace(_meta=SimpleNamespace(model_name="trail"), public_id="trail")
"""The trail as a whole, as the trail names it."""
BLOCK = 2_000
"""Entries that are in memory at once."""


@transaction.atomic
def taken(search: Search, by: trail.Actor) -> Iterator[bytes]:
    """The lines of a file with what `search` matches by now; that it was taken is on the trail, and not in the file."""
    acts = search.acts()
    written = trail.record(by, EXPORTED, TRAIL, filters=search.filters, acts=acts.count())
    return _lines(acts.filter(pk__lt=written.pk).select_related("traillink").order_by("pk").iterator(BLOCK))


def _lines(entries: Iterator[TrailEntry]) -> Iterator[bytes]:
    for entry in entries:
        link = getattr(entry, "traillink", None)
        yield orjson.dumps(
            {
                "entry": entry.pk,
                "at": entry.at,
                "actor": entry.actor,
                "actor_name": entry.actor_name,
                "line": entry.line,
                "action": entry.action,
                "kind": entry.kind,
                "object": entry.object_id,
                "detail": entry.detail,
                "request_id": entry.request_id,
                "address": entry.address,
                "position": link.position if link else None,
                "digest": link.hex if link else None,
                "previous": link.previous_hex if link else None,
            },
            option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z,
        )

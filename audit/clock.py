"""The portal's one clock.

Every process asks `now()`. A sandbox installation may shift it through a file that it shares
with the sandbox AWS; production refuses the setting (see compliance_portal.settings).
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

from django.conf import settings

_offset: tuple[int, timedelta] = (0, timedelta())


def now() -> datetime:
    """The present moment, UTC, aware."""
    return datetime.now(UTC) + _shift()


def _shift() -> timedelta:
    """The offset in CLOCK_FILE (JSON, {"offset_seconds": float}), read again when the file changes."""
    global _offset
    if not settings.CLOCK_FILE:
        return timedelta()
    try:
        changed = os.stat(settings.CLOCK_FILE).st_mtime_ns
    except FileNotFoundError:
        return timedelta()
    if changed != _offset[0]:
        with open(settings.CLOCK_FILE, encoding="utf-8") as file:
            _offset = (changed, timedelta(seconds=json.load(file)["offset_seconds"]))
    return _offset[1]

"""A home's content as it was rendered for one person, kept until anything it shows is changed.

The key holds the person, the whole address, zone and language, the edition of the data and the minute: a commit
that changes what is shown makes another edition, and "3 minutes ago" is never older than that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import structlog
from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import get_language
from redis.exceptions import RedisError

from audit import clock, edition
from organisation.middleware import Request

log = structlog.get_logger(__name__)
Parts = dict[str, str]
"""Block of the page → its HTML."""
LASTS = 60
"""Seconds."""


def kept(request: Request, render: Callable[[], Parts]) -> Parts:
    """The parts of this page for this person, rendered anew where they may have changed. One query."""
    key = _key(request)
    try:
        if found := cache.get(key):
            parts: Parts = found
            return parts
        made = render()
        cache.set(key, made, LASTS)
    except RedisError as error:
        log.warning("home.not_kept", error=str(error))
        return render()
    return made


def _key(request: Request) -> str:
    minute = clock.now().strftime("%Y-%m-%dT%H:%M")
    zone = timezone.get_current_timezone_name()
    reader = (str(request.user.pk), request.get_full_path(), zone, get_language())
    told = (*reader, minute, edition.current())
    return f"home.{hashlib.sha256(chr(31).join(told).encode()).hexdigest()}"

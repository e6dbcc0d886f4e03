"""How often a program, or a person's browser, may call the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.core.cache import cache
from redis import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from audit import clock
from organisation.bearer import SAFE
from organisation.models import User

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which asks for this module while it is read

WINDOW = 60
log = structlog.get_logger(__name__)


class PerMinute(BaseThrottle):
    """So many calls in each minute of the clock, readings and writings apart, for each token and each person.

    Counted where the queue is; while that is down nobody is counted, and the log says so.
    """

    left: float | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        reads = request.method in SAFE
        most = settings.API_READS_PER_MINUTE if reads else settings.API_WRITES_PER_MINUTE
        if not most or not isinstance(request.user, User):
            return True
        caller = request.user.token.public_id if request.user.token else request.user.public_id
        now = clock.now().timestamp()
        try:
            count = _counted(f"api-calls:{caller}:{'reads' if reads else 'writes'}:{int(now // WINDOW)}")
        except RedisError as down:
            log.warning("calls_not_counted", because=str(down))
            return True
        self.left = WINDOW - now % WINDOW
        return count <= most

    def wait(self) -> float | None:
        """Seconds until the next minute begins."""
        return self.left


def _counted(key: str) -> int:
    """This call and those before it in the same minute."""
    cache.add(key, 0, 2 * WINDOW)
    try:
        return int(cache.incr(key))
    except ValueError:  # gone between the two
        return 1

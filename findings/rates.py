"""AWS's published rates, kept by all workers together: one token bucket per calling account, region and operation.

The bucket lives in Redis, so that the sum of all workers keeps the rate. Where Redis does not answer, each
process keeps a bucket of its own at a cautious share. A throttle slows a bucket down, and it recovers by itself.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import redis
import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from findings.rates_lua import SLOW_DOWN, TAKE

log = structlog.get_logger(__name__)

PUBLISHED = {
    ("securityhub", "GetFindings"): (3, 6),
    ("securityhub", "BatchUpdateFindings"): (10, 30),
    ("securityhub", "UpdateStandardsControl"): (1, 5),
    ("securityhub", "BatchEnableStandards"): (1, 1),
    ("organizations", "ListAccounts"): (8, 12),
    ("organizations", "ListPolicies"): (5, 8),
    ("organizations", "ListPoliciesForTarget"): (5, 8),
    ("organizations", "ListTargetsForPolicy"): (5, 8),
    ("organizations", "ListAccountsForParent"): (5, 8),
    ("organizations", "ListOrganizationalUnitsForParent"): (5, 8),
    ("organizations", "ListDelegatedAdministrators"): (5, 8),
    ("organizations", "DescribePolicy"): (2, 2),
    ("organizations", "DescribeOrganization"): (1, 2),
    ("organizations", "ListRoots"): (1, 2),
}
"""Calls a second and burst. Sources: the Security Hub API's own reference; "Quotas for AWS Organizations"."""
OF_SERVICE = {"securityhub": (10, 30), "sqs": (1000, 1000), "sts": (600, 600)}
"""Operations that are not named above. SQS's standard queues have no practical limit. Source for STS: its quotas."""
OTHERWISE = (10, 20)
"""Where AWS publishes nothing (AWS Config): a beginning, from which throttles lead further down."""
WITHOUT_BORDERS = {"organizations", "account"}
"""Services whose rates hold for an account, whatever the region."""
UNLIMITED = (1e6, 1e6)

MARGIN = 0.99
"""Of the rate, and one call less of the burst: calls do not arrive at AWS as evenly as they leave."""
ALONE = 0.25
"""Of the rate, for each process that cannot see the others."""
ASK_AGAIN = 5.0
"""Seconds until a Redis that did not answer is asked again."""
IDS_KEPT = 200
"""Of AWS's request ids that one asker keeps: the first ones. How many there were is `calls`."""
PATIENCE = 0.5
"""Seconds that Redis has to answer."""
LONGEST_WAIT = 20.0
"""Seconds that a worker waits for a call; what takes longer goes back to the queue."""
KEY = "portal:rates"


class TooLong(Exception):
    """The wait for a call is so long that the worker had better do something else. seconds: how long."""

    def __init__(self, bucket: Bucket, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(
            _("%(service)s:%(operation)s has no room for %(seconds)s seconds")
            % {"service": bucket.service, "operation": bucket.operation, "seconds": f"{seconds:.0f}"}
        )


class Stopped(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True)
class Bucket:
    """Calls that AWS counts together. account: whose credentials call."""

    account: str
    region: str
    service: str
    operation: str

    @property
    def key(self) -> str:
        region = "" if self.service in WITHOUT_BORDERS else self.region
        return f"{KEY}:{self.account}:{region}:{self.service}:{self.operation}"

    @property
    def rate(self) -> tuple[float, float]:
        """Calls a second and burst that are ours: none is refused where SYNC_RATE_SHARE is 0."""
        share = float(settings.SYNC_RATE_SHARE)
        if not share:
            return UNLIMITED
        named = PUBLISHED.get((self.service, self.operation))
        rate, burst = named or OF_SERVICE.get(self.service, OTHERWISE)
        return rate * share * MARGIN, max(1.0, burst * share - 1)


@dataclass
class Asker:
    """Who asks AWS: what waits for one bucket is shared fairly between names. waited: seconds.

    request_ids: by which AWS finds its answers again, the first IDS_KEPT.
    """

    name: str = ""
    calls: int = 0
    throttles: int = 0
    waited: float = 0.0
    request_ids: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, *, calls: int = 0, throttles: int = 0, waited: float = 0.0) -> None:
        with self._lock:
            self.calls += calls
            self.throttles += throttles
            self.waited += waited

    def answered(self, request_id: str) -> None:
        """AWS answered a call, under this id of its own."""
        with self._lock:
            if len(self.request_ids) < IDS_KEPT:
                self.request_ids.append(request_id)

    def sleep(self, seconds: float) -> None:
        """Raises Stopped where the asker is stopped before or meanwhile."""
        if self.stopped.wait(seconds):
            raise Stopped


_asking: ContextVar[Asker | None] = ContextVar("asking", default=None)


@contextmanager
def asking(asker: Asker) -> Iterator[Asker]:
    """Whatever is asked of AWS in this context is asked by `asker`."""
    token = _asking.set(asker)
    try:
        yield asker
    finally:
        _asking.reset(token)


def who_asks() -> Asker:
    return _asking.get() or Asker()


def take(bucket: Bucket) -> None:
    """Wait for room for one call. Raises TooLong, Stopped; RuntimeError inside a database transaction."""
    refuse_in_transaction()
    asker, waited = who_asks(), 0.0
    while wait := _ask(bucket, asker.name, waited):
        if wait > LONGEST_WAIT:
            raise TooLong(bucket, wait)
        wait *= random.uniform(1.0, 1.1)  # noqa: S311 - not a secret
        asker.sleep(wait)
        waited += wait
    asker.count(calls=1, waited=waited)


def refuse_in_transaction() -> None:
    """Raise RuntimeError where a database transaction is open: nothing may be held while AWS is asked."""
    if transaction.get_connection().in_atomic_block:
        with transaction.atomic(savepoint=False, durable=True):
            """Only the transaction that a test runs in may be around this one."""


def slow_down(bucket: Bucket) -> None:
    """AWS throttled a call: fewer of them for a while."""
    who_asks().count(throttles=1)
    try:
        _script(SLOW_DOWN)(keys=[bucket.key, f"{KEY}:counts"], args=[_name(bucket)])
    except redis.RedisError:
        _alone(bucket).slow_down()


def counts() -> dict[tuple[str, str], dict[str, float]]:
    """Calls, throttles and seconds waited since Redis was last emptied, by service and operation."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for name, value in _redis().hgetall(f"{KEY}:counts").items():
        service, operation, what = name.decode().split(":")
        found.setdefault((service, operation), {})[what] = float(value)
    return found


def _name(bucket: Bucket) -> str:
    return f"{bucket.service}:{bucket.operation}"


def _ask(bucket: Bucket, name: str, waited: float) -> float:
    """Seconds until it is worth asking again; 0 where the call may be made now."""
    rate, burst = bucket.rate
    if time.monotonic() >= _Local.until:
        try:
            take_one = _script(TAKE)
            keys = [bucket.key, f"{bucket.key}:waiting", f"{bucket.key}:served", f"{KEY}:counts", f"{KEY}:since"]
            return float(take_one(keys=keys, args=[rate, burst, name, _name(bucket), waited]))
        except redis.RedisError as error:
            log.warning("rates.redis_is_away", error=type(error).__name__)
            _Local.until = time.monotonic() + ASK_AGAIN
    return _alone(bucket).take()


def forget_redis() -> None:
    """Begin anew, as a process does: the next call connects to the Redis of the settings."""
    for kept in (_redis, _script, _alone):
        kept.cache_clear()
    _Local.until = 0.0


@cache
def _redis() -> Any:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)


@cache
def _script(text: str) -> Any:
    return _redis().register_script(text)


class _Local:
    """A bucket of this process alone, at a cautious share."""

    until = 0.0
    """When Redis is asked again, by time.monotonic()."""

    def __init__(self, bucket: Bucket) -> None:
        self.rate, self.burst = (ALONE * part for part in bucket.rate)
        self.tokens, self.at, self.slow_until = 1.0, time.monotonic(), 0.0
        self.lock = threading.Lock()

    def take(self) -> float:
        with self.lock:
            now = time.monotonic()
            rate = self.rate / 2 if now < self.slow_until else self.rate
            self.tokens = min(max(1.0, self.burst), self.tokens + (now - self.at) * rate)
            self.at = now
            if self.tokens < 1:
                return (1 - self.tokens) / rate
            self.tokens -= 1
            return 0.0

    def slow_down(self) -> None:
        with self.lock:
            self.tokens, self.slow_until = 0.0, time.monotonic() + 60


@cache
def _alone(bucket: Bucket) -> _Local:
    return _Local(bucket)

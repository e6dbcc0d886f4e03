"""AWS's published rates: all workers together keep them, share them fairly, and slow down when AWS says so."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
import redis
from django.db import transaction
from django.test import Client
from pytest_django.fixtures import Settings

from findings import aws, rates
from findings.models import Source, SyncRun
from findings.rates import Asker, Bucket, TooLong, asking
from tests.findings.conftest import HOME, StartEstate

BUCKET = Bucket("111122223333", HOME, "config", "DescribeConfigRules")


@pytest.fixture
def redis_server(settings: Settings) -> Iterator[redis.Redis]:
    """Redis with no bucket in it, and the published rates in force."""
    settings.SYNC_RATE_SHARE = 1.0
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        server.delete(*server.keys(f"{rates.KEY}*"), f"{rates.KEY}:counts")
        yield server


@pytest.fixture
def no_redis(settings: Settings) -> Iterator[None]:
    """Nobody listens where Redis should be."""
    settings.SYNC_RATE_SHARE = 1.0
    address, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:1/0"
    rates.forget_redis()
    yield
    settings.REDIS_URL = address
    rates.forget_redis()


def test_published_rates_leave_a_margin_and_shares_of_them_to_others(settings: Settings) -> None:
    findings = Bucket("111122223333", HOME, "securityhub", "GetFindings")
    settings.SYNC_RATE_SHARE = 1.0
    assert findings.rate == (3 * rates.MARGIN, 5.0)
    assert BUCKET.rate == (10 * rates.MARGIN, 19.0)
    settings.SYNC_RATE_SHARE = 0.5
    assert findings.rate == (1.5 * rates.MARGIN, 2.0)
    settings.SYNC_RATE_SHARE = 0.0
    assert findings.rate == rates.UNLIMITED


def test_regions_have_their_own_rates_and_organizations_one_for_all() -> None:
    def keys(service: str) -> set[str]:
        return {Bucket("111122223333", region, service, "List").key for region in (HOME, "eu-west-1")}

    assert len(keys("securityhub")) == 2
    assert len(keys("organizations")) == 1


def test_two_that_wait_for_one_bucket_are_served_in_turn_however_many_threads_each_has(
    redis_server: redis.Redis, settings: Settings
) -> None:
    """The second one has a single thread and asks ten times; the first one asks with eight threads until then."""
    settings.SYNC_RATE_SHARE = 5.0
    served: Counter[str] = Counter()
    many, one = Asker("Y-1"), Asker("Y-2")

    def ask_on() -> None:
        with asking(many), suppress(rates.Stopped):
            while True:
                rates.take(BUCKET)
                served["many"] += bool(one.calls)

    threads = [threading.Thread(target=ask_on) for _ in range(8)]
    for thread in threads:
        thread.start()
    with asking(one):
        for _ in range(20):
            rates.take(BUCKET)
    one.stopped.set()
    many.stopped.set()
    for thread in threads:
        thread.join()
    assert one.calls == 20
    assert 10 <= served["many"] <= 40


def test_a_bucket_slows_down_when_aws_throttles_and_recovers(redis_server: redis.Redis) -> None:
    rates.take(BUCKET)
    for _ in range(3):
        rates.slow_down(BUCKET)
    slowed = float(redis_server.hget(BUCKET.key, "share") or 1)
    assert 0.65 < slowed < 0.75, "three throttles at once are one"
    assert rates.counts()["config", "DescribeConfigRules"] == {"calls": 1, "throttles": 3}
    redis_server.hincrbyfloat(BUCKET.key, "cut_at", -60)
    rates.take(BUCKET)
    rates.slow_down(BUCKET)
    again = float(redis_server.hget(BUCKET.key, "share") or 1)
    assert 0.65 < again < 0.75, "it had recovered in a minute"


def test_a_wait_that_is_too_long_is_refused_instead_of_slept(redis_server: redis.Redis, settings: Settings) -> None:
    settings.SYNC_RATE_SHARE = 0.001
    rates.take(BUCKET)
    with pytest.raises(TooLong, match="config:DescribeConfigRules has no room for"):
        rates.take(BUCKET)


def test_nobody_asks_aws_inside_a_transaction(redis_server: redis.Redis, db: None) -> None:
    rates.take(BUCKET)
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        rates.take(BUCKET)


def test_without_redis_each_process_goes_on_at_a_cautious_share(no_redis: None) -> None:
    with asking(Asker("Y-1")) as asker:
        for _ in range(3):
            rates.take(BUCKET)
    assert asker.calls == 3
    assert asker.waited > 0
    bucket = rates._alone(BUCKET)
    assert bucket.rate == rates.ALONE * 10 * rates.MARGIN


def test_an_emptied_redis_begins_with_a_nearly_empty_bucket(redis_server: redis.Redis) -> None:
    rates.take(BUCKET)
    assert float(redis_server.hget(BUCKET.key, "tokens") or 0) < 1


def test_a_bucket_that_nobody_used_has_filled_as_the_one_at_aws_has(redis_server: redis.Redis) -> None:
    """Redis knows all calls of all workers: what it does not know was not called for as long as it remembers."""
    rates.take(BUCKET)
    redis_server.incrbyfloat(f"{rates.KEY}:since", -1)
    other = Bucket(BUCKET.account, "eu-west-1", "config", "DescribeConfigRules")
    rates.take(other)
    assert 9.9 <= float(redis_server.hget(other.key, "tokens") or 0) <= 19
    redis_server.incrbyfloat(f"{rates.KEY}:since", -3600)
    third = Bucket(BUCKET.account, "eu-west-2", "config", "DescribeConfigRules")
    rates.take(third)
    assert float(redis_server.hget(third.key, "tokens") or 0) == 18


def test_what_the_sandbox_permits_is_kept_and_counted(
    db: None, start_estate: StartEstate, redis_server: redis.Redis
) -> None:
    """The sandbox enforces the published rates: not one call is refused."""
    estate = start_estate(rates=True, regions=[HOME], findings=40)
    connection = estate.connect()
    hub = aws.hub(connection, "securityhub")
    with asking(Asker("Y-1")) as asker:
        for _ in range(12):
            hub.call("get_findings", MaxResults=1)
    counted = estate.control("calls")
    assert counted["throttles"] == {}
    assert counted["calls"]["securityhub"]["GetFindings"] == {estate.hub: 12}
    assert (asker.calls, asker.throttles) == (12, 0)
    assert asker.waited > 0


def test_prometheus_is_told_what_all_workers_ask_of_aws(redis_server: redis.Redis) -> None:
    rates.take(BUCKET)
    rates.slow_down(BUCKET)
    said = Client().get("/metrics").content.decode()
    labels = '{operation="DescribeConfigRules",service="config"}'
    assert f"portal_aws_calls_total{labels} 1.0" in said
    assert f"portal_aws_throttles_total{labels} 1.0" in said
    assert "portal_aws_wait_seconds_total" in said


def test_metrics_are_told_without_redis_too(no_redis: None) -> None:
    answer = Client().get("/metrics")
    assert (answer.status_code, b"portal_aws_calls" in answer.content) == (200, False)


def test_throttles_are_counted_with_the_run_and_change_nothing(db: None, start_estate: StartEstate) -> None:
    estate = start_estate(regions=[HOME])
    estate.connect()
    estate.fault("throttle", service="securityhub", operation="GetFindings", count=3)
    runs = estate.sync()
    run = runs[Source.SECURITY_HUB]
    assert (run.state, run.throttles) == (SyncRun.State.DONE, 3)
    assert run.calls > run.throttles
    assert estate.known() == estate.told()

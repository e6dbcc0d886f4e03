"""What Prometheus is told of the sync: what all workers together asked of AWS."""

from __future__ import annotations

from collections.abc import Iterator

import redis
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from findings import rates

TOLD = {
    "calls": ("portal_aws_calls", "Calls to AWS, tries again included."),
    "throttles": ("portal_aws_throttles", "Calls that AWS refused as too many."),
    "waited": ("portal_aws_wait_seconds", "Seconds that threads waited until there was room for a call."),
}


class AwsCalls(Collector):
    """Counted in Redis by service and operation, from when it was last emptied; nothing where it does not answer."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        try:
            counted = rates.counts()
        except redis.RedisError:
            return
        for what, (name, help_text) in TOLD.items():
            family = CounterMetricFamily(name, help_text, labels=("service", "operation"))
            for labels, values in sorted(counted.items()):
                family.add_metric(labels, values.get(what, 0.0))
            yield family

    def describe(self) -> list[CounterMetricFamily]:
        return [CounterMetricFamily(name, text, labels=("service", "operation")) for name, text in TOLD.values()]

"""Faults that a test arms: throttles, outages, cut connections, empty pages, stale tokens, refusals, delays.

Two ways to lose an answer half-way: "cut" resets the connection, and the client raises; "truncate" closes it in
good order, and botocore, which neither insists on Content-Length nor on whole JSON, answers 200 without members.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from sandbox.protocol import AwsError

KINDS = ("throttle", "error500", "error503", "cut", "truncate", "empty_page", "expired_token", "access_denied", "slow")
THROTTLE = {
    "securityhub": ("LimitExceededException", 429),
    "organizations": ("TooManyRequestsException", 400),
    "account": ("TooManyRequestsException", 429),
    "sqs": ("RequestThrottled", 400),
    "sts": ("Throttling", 400),
}


@dataclass
class Fault:
    """None: any. probability: 0..1. count: how many more times, None: always. seconds: for kind "slow"."""

    kind: str
    service: str | None = None
    operation: str | None = None
    account: str | None = None
    region: str | None = None
    probability: float = 1.0
    count: int | None = None
    seconds: float = 1.0
    fired: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, not {self.kind!r}")

    def meets(self, service: str, operation: str, account: str, region: str) -> bool:
        wanted = (self.service, self.operation, self.account, self.region)
        return all(want in (None, got) for want, got in zip(wanted, (service, operation, account, region), strict=True))


class Faults:
    """Those armed now. Which of them fire is drawn from a fixed seed, so that a test run repeats."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []
        self._rng = random.Random(20_18)

    def arm(self, **options: Any) -> Fault:
        fault = Fault(**options)
        self.armed.append(fault)
        return fault

    def clear(self) -> None:
        self.armed.clear()

    def firing(self, service: str, operation: str, account: str, region: str) -> list[Fault]:
        """The faults that hit this call; each hit counts one down."""
        hits = []
        for fault in self.armed:
            if fault.count == 0 or not fault.meets(service, operation, account, region):
                continue
            if self._rng.random() < fault.probability:
                fault.fired += 1
                fault.count = None if fault.count is None else fault.count - 1
                hits.append(fault)
        return hits


def throttled(service: str) -> AwsError:
    """The service's own word for "too fast"."""
    code, status = THROTTLE.get(service, ("ThrottlingException", 400))
    return AwsError(code, "Rate exceeded", status)


def outage(kind: str) -> AwsError:
    if kind == "error500":
        return AwsError("InternalFailure", "An internal failure, as armed.", 500)
    return AwsError("ServiceUnavailable", "Unavailable, as armed.", 503)

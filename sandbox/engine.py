"""What answers a request: identity, faults, rates, the operation's handler, the wire. One lock around the world."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from sandbox import identity, services
from sandbox.calls import OPERATIONS, Call, Principal, Wait
from sandbox.denials import allowed, denied
from sandbox.faults import Fault, Faults, outage, throttled
from sandbox.journal import Journal
from sandbox.protocol import AwsError, BadOutputError, Credential, Request, Response, Service, service_for
from sandbox.protocol.query import error_xml
from sandbox.queue import Queue
from sandbox.rates import Rates
from sandbox.snapshots import Snapshots
from sandbox.world import Clock, World, events

_POLL = 0.05  # seconds between looks at an empty queue
_NO_PRINCIPAL = Principal("", "", "")


class CutConnectionError(Exception):
    """Send the head and half of this answer, then hang up. reset: abruptly, not in good order."""

    def __init__(self, response: Response, *, reset: bool) -> None:
        super().__init__("cut")
        self.response, self.reset = response, reset


class Engine:
    """Everything a running sandbox has: world, clock, queue, faults, journal, counters."""

    def __init__(self, world: World, clock: Clock, *, state: Path | None = None, rates: bool = False) -> None:
        self.world, self.clock = world, clock
        self.lock = threading.RLock()
        self.faults = Faults()
        self.rates = Rates() if rates else None
        self.calls: Counter[tuple[str, str, str]] = Counter()
        self.throttles: Counter[tuple[str, str, str]] = Counter()
        self.queue = Queue(world.queue_name, world.hub.id, world.home)
        self.snapshots = Snapshots()
        self._turns: Counter[str] = Counter()
        self._stopping = threading.Event()
        services.load()
        self.journal = Journal(state, world, clock, self.queue, self._publish)
        self.catch_up()
        self.journal.listen()

    def catch_up(self) -> int:
        """Bring the world to the clock; the clock's time in ms."""
        now = self.clock.now()
        self.world.advance_to(now)
        return now

    def turn(self, name: str) -> int:
        """How often this was asked, counting this time."""
        self._turns[name] += 1
        return self._turns[name]

    def stop(self) -> None:
        self._stopping.set()
        self.journal.close()

    def _publish(self, kind: str, subject: Any, moment: int) -> None:
        if moment + self.queue.retention <= self.clock.now():
            return
        for body in events.bodies(self.world, kind, subject, moment):
            self.queue.put(body, moment)

    # -- a request ----------------------------------------------------------------------------------------------

    def serve(self, request: Request) -> Response:
        """Answer an AWS request. Raises CutConnectionError where a fault asks for it."""
        request_id = str(uuid4())
        try:
            credential = request.credential()
        except AwsError as error:
            return _foreign_error(request, error, request_id)
        service = service_for(credential.service)
        if service is None:
            return self._not_implemented(None, request, credential.service, request.wanted, request_id)
        try:
            operation, params = service.parse(request)
        except AwsError as error:
            if not any(known == service.name for known, _ in OPERATIONS):
                return self._not_implemented(service, request, service.name, request.wanted, request_id)
            return service.error(error, request_id)
        if (service.name, operation.name) not in OPERATIONS:
            return self._not_implemented(service, request, service.name, operation.name, request_id)
        try:
            value, faults = self._run(service, credential, operation.name, params)
            response = service.result(operation, value, request_id)
        except AwsError as error:
            return service.error(error, request_id)
        except BadOutputError as error:
            print(f"sandbox: bad output of {service.name}:{operation.name}: {error}", file=sys.stderr, flush=True)
            return service.error(AwsError("SandboxBadOutput", str(error), 500), request_id)
        kinds = {fault.kind for fault in faults}
        if kinds & {"cut", "truncate"}:
            raise CutConnectionError(response, reset="cut" in kinds)
        return response

    def _run(
        self, service: Service, credential: Credential, operation: str, params: dict[str, Any]
    ) -> tuple[dict[str, Any], list[Fault]]:
        """The operation's result, and the faults that its delivery is to suffer."""
        started, faults = time.monotonic(), None
        while True:
            with self.lock:
                now = self.catch_up()
                who = identity.principal(self.world, credential, now)
                if faults is None:
                    self.calls[service.name, operation, who.account] += 1
                    faults = self._hindrances(service.name, operation, who, credential.region)
                empty = any(fault.kind == "empty_page" for fault in faults)
                call = Call(self, who, credential.region, service.name, operation, params, now, started, empty)
                value = OPERATIONS[service.name, operation](call)
            if not isinstance(value, Wait):
                self._stopping.wait(sum(fault.seconds for fault in faults if fault.kind == "slow"))
                return value, faults
            if time.monotonic() >= value.until or self._stopping.wait(_POLL):
                return {}, faults

    def _hindrances(self, service: str, operation: str, who: Principal, region: str) -> list[Fault]:
        """Raise what rates and faults demand; return the faults that only shape the answer."""
        if self.rates is not None and not self.rates.allows(service, operation, who.account, region):
            self.throttles[service, operation, who.account] += 1
            raise throttled(service)
        if not allowed(self.world, service, operation, who):
            raise denied(service, operation, who)
        hits = self.faults.firing(service, operation, who.account, region)
        for fault in hits:
            if fault.kind == "throttle":
                self.throttles[service, operation, who.account] += 1
                raise throttled(service)
            if fault.kind in ("error500", "error503"):
                raise outage(fault.kind)
            if fault.kind == "expired_token":
                raise identity.expired(service)
            if fault.kind == "access_denied":
                raise denied(service, operation, who)
        return hits

    def _not_implemented(
        self, service: Service | None, request: Request, name: str, wanted: str, request_id: str
    ) -> Response:
        message = f"The sandbox does not implement {name}:{wanted}"
        print(f"sandbox: NOT IMPLEMENTED {name}:{wanted}", file=sys.stderr, flush=True)
        error = AwsError("SandboxNotImplemented", message, 501)
        if service is None or service.protocol not in ("json", "rest-json", "query"):
            return _foreign_error(request, error, request_id)
        return service.error(error, request_id)


def _foreign_error(request: Request, error: AwsError, request_id: str) -> Response:
    """An error for a service whose protocol is not spoken here: XML for old protocols, JSON for the others."""
    status = error.status or 403
    headers = {"x-amzn-RequestId": request_id, "x-amzn-ErrorType": error.code}
    if (
        "x-amz-target" in request.headers
        or "json" in request.headers.get("content-type", "")
        or (request.method in ("GET", "DELETE", "PATCH") and "s3" not in request.headers.get("authorization", ""))
    ):
        body = orjson.dumps({"__type": error.code, "message": error.message})
        return Response(status, {**headers, "Content-Type": "application/json"}, body)
    body = error_xml(error.code, error.message, status, request_id)
    return Response(status, {**headers, "Content-Type": "text/xml"}, body)


__all__ = ["CutConnectionError", "Engine"]

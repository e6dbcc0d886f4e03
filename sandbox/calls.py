"""One call of one operation: who asks, where, for what; and the table of operations that are implemented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.protocol import AwsError
from sandbox.world import Place, World, stamp

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.engine import Engine


@dataclass(frozen=True)
class Principal:
    """arn, user_id: as GetCallerIdentity says them. session: acts with temporary credentials."""

    account: str
    arn: str
    user_id: str
    session: bool = False


@dataclass
class Call:
    engine: Engine
    principal: Principal
    region: str
    service: str
    operation: str
    params: dict[str, Any]
    now: int  # ms
    started: float  # time.monotonic()
    empty_page: bool = False  # a fault asks for one

    @property
    def world(self) -> World:
        return self.engine.world

    @property
    def account(self) -> str:
        return self.principal.account

    @property
    def moment(self) -> datetime:
        return stamp(self.now)

    @property
    def place(self) -> Place:
        """The caller's account in the Region it signed for. Raises AwsError where the estate has no such Region."""
        found = self.world.places.get((self.account, self.region))
        if found is None:
            raise AwsError("UnrecognizedClientException", f"Region {self.region} is not enabled for {self.account}")
        return found


@dataclass(frozen=True)
class Wait:
    """Nothing to answer yet: ask again until this moment (time.monotonic()), outside the lock."""

    until: float


Handler = Callable[[Call], "dict[str, Any] | Wait"]
OPERATIONS: dict[tuple[str, str], Handler] = {}


def handles(service: str, operation: str) -> Callable[[Handler], Handler]:
    """Register the implementation of one operation."""

    def register(handler: Handler) -> Handler:
        OPERATIONS[service, operation] = handler
        return handler

    return register

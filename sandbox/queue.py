"""One standard SQS queue: at least once, in any order, visibility time-outs, four days' retention."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from itertools import islice
from random import Random
from uuid import NAMESPACE_OID, uuid4, uuid5

from sandbox.world import DAY

_AT_HAND = 500


class Message:
    """sent: ms of the sandbox clock. visible: time.monotonic() from which it may be received."""

    __slots__ = ("body", "first_received", "handle", "id", "received", "sent", "visible")

    def __init__(self, id: str, body: str, sent: int, delay: float = 0.0) -> None:
        self.id, self.body, self.sent = id, body, sent
        self.visible = time.monotonic() + delay
        self.handle = ""
        self.received = 0
        self.first_received: int | None = None

    @property
    def md5(self) -> str:
        return hashlib.md5(self.body.encode(), usedforsecurity=False).hexdigest()


class Queue:
    """Visibility runs in real time, retention by the sandbox's clock.

    Orderly unless told otherwise: `shuffle` hands messages out in any order, drawn from a seed, and
    `twice` (0..1) is the share that is delivered once more.
    """

    retention = 4 * DAY
    visibility = 30

    def __init__(self, name: str, account: str, region: str) -> None:
        self.name, self.account, self.region = name, account, region
        self.messages: OrderedDict[str, Message] = OrderedDict()
        self._handles: dict[str, str] = {}
        self.rng: Random | None = None
        self.twice = 0.0

    def put(self, body: str, sent: int, delay: float = 0.0, id: str = "") -> Message:
        """id: made of the body where none is given, so that a world played again fills its queue alike."""
        self._expire(sent)
        message = Message(id or str(uuid5(NAMESPACE_OID, body)), body, sent, delay)
        self.messages[message.id] = message
        if self.rng is not None and self.rng.random() < self.twice:
            again = Message(str(uuid4()), body, sent, delay)
            self.messages[again.id] = again
        return message

    def forget(self, ids: list[str]) -> None:
        for id in ids:
            self.messages.pop(id, None)

    def disturb(self, seed: int, twice: float) -> None:
        """Deliver in any order from now on, and this share of what comes twice."""
        self.rng, self.twice = Random(seed), twice

    def receive(self, limit: int, visibility: int, now: int) -> list[Message]:
        self._expire(now)
        clock = time.monotonic()
        found: list[Message] = []
        for message in self._at_hand(clock)[:limit]:
            message.visible = clock + visibility
            message.handle = uuid4().hex
            self._handles[message.handle] = message.id
            message.received += 1
            message.first_received = message.first_received or now
            found.append(message)
        return found

    def _at_hand(self, clock: float) -> list[Message]:
        """Those to hand out first, oldest first; where the order is disturbed, of those at hand any."""
        visible = (message for message in self.messages.values() if message.visible <= clock)
        found = list(islice(visible, _AT_HAND))
        if self.rng is not None:
            self.rng.shuffle(found)
        return found

    def by_handle(self, handle: str) -> Message | None:
        """The message a receipt handle was given for, if it is still there. Raises KeyError for no handle of ours."""
        return self.messages.get(self._handles[handle])

    def id_of(self, handle: str) -> str:
        """Raises KeyError for a handle that this queue never gave."""
        return self._handles[handle]

    def counts(self, now: int) -> tuple[int, int, int]:
        """(visible, in flight, delayed)."""
        self._expire(now)
        clock = time.monotonic()
        hidden = [message for message in self.messages.values() if message.visible > clock]
        delayed = sum(1 for message in hidden if not message.received)
        return len(self.messages) - len(hidden), len(hidden) - delayed, delayed

    def _expire(self, now: int) -> None:
        while self.messages:
            oldest = next(iter(self.messages.values()))
            if oldest.sent + self.retention > now:
                return
            self.messages.popitem(last=False)

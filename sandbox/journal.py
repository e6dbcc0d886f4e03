"""What callers wrote, kept in an append-only file so that a restarted sandbox has the same world."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from sandbox.queue import Message, Queue
from sandbox.world import Clock, World, changes

Listener = Callable[[str, Any, int], None]


class StateMismatchError(Exception):
    """The state file belongs to a world with other options."""


def remembered_start(state: Path | None) -> int | None:
    """When the world of this state file begins, ms; None without one."""
    if state is None or not state.exists() or not state.stat().st_size:
        return None
    with state.open(encoding="utf-8") as lines:
        return int(json.loads(lines.readline())["world"]["start"])


class Journal:
    """Replays the file into the world when opened; then every write is applied and appended, as one line."""

    def __init__(self, path: Path | None, world: World, clock: Clock, queue: Queue, publish: Listener) -> None:
        self._world, self._clock = world, clock
        self._queue, self._publish = queue, publish
        self._file: IO[str] | None = None
        if path is None:
            return
        head = {"seed": world.seed, "start": world.start, "options": world.options}
        if path.exists() and path.stat().st_size:
            self._replay(path, head)
            self._file = path.open("a", encoding="utf-8")
        else:
            self._file = path.open("w", encoding="utf-8")
            self._append({"world": head})

    def _replay(self, path: Path, head: dict[str, Any]) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        if lines and not lines[-1].endswith(b"\n"):
            lines.pop()  # cut off while being written, so never confirmed to its caller
            path.write_bytes(b"".join(lines))
        first = json.loads(lines[0])["world"]
        if first != head:
            raise StateMismatchError(
                f"{path} was written for {first}, not {head}: use those options, or another state file."
            )
        for entry in map(json.loads, lines[1:]):
            if entry["verb"] == "clock":
                self._clock.shift(entry["arguments"]["seconds"])
                continue
            self._world.advance_to(entry["at"])
            match entry["verb"]:
                case "listen":
                    self._world.listen = self._publish
                case "send":
                    self._queue.put(**entry["arguments"])
                case "delete":
                    self._queue.forget(entry["arguments"]["ids"])
                case verb:
                    changes.VERBS[verb](self._world, entry["now"], **entry["arguments"])

    def write(self, verb: str, now: int, arguments: dict[str, Any]) -> Any:
        """Do it to the world and remember it. arguments: JSON values only."""
        at = self._world.at
        result = changes.VERBS[verb](self._world, now, **arguments)
        self._append({"at": at, "now": now, "verb": verb, "arguments": arguments})
        return result

    def listen(self) -> None:
        """From here on, what happens in the world is published; a world that was played again listens already."""
        if self._world.listen is None:
            self._world.listen = self._publish
            self._append({"at": self._world.at, "verb": "listen"})

    def send(self, body: str, sent: int, delay: float) -> Message:
        """Put a caller's message into the queue."""
        id = str(uuid4())
        self._append({"at": self._world.at, "verb": "send", "arguments": {"body": body, "sent": sent, "id": id}})
        return self._queue.put(body, sent, delay, id)

    def delete(self, ids: list[str]) -> None:
        self._queue.forget(ids)
        self._append({"at": self._world.at, "verb": "delete", "arguments": {"ids": ids}})

    def shift_clock(self, seconds: float) -> None:
        self._clock.shift(seconds)
        if self._clock.file is None:
            self._append({"verb": "clock", "arguments": {"seconds": seconds}})

    def _append(self, entry: dict[str, Any]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

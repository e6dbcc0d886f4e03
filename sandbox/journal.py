"""What callers wrote, kept in an append-only file so that a restarted sandbox has the same world."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

from sandbox.world import Clock, World, changes


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

    def __init__(self, path: Path | None, world: World, clock: Clock) -> None:
        self._world, self._clock = world, clock
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
            changes.VERBS[entry["verb"]](self._world, entry["now"], **entry["arguments"])

    def write(self, verb: str, now: int, arguments: dict[str, Any]) -> Any:
        """Do it to the world and remember it. arguments: JSON values only."""
        at = self._world.at
        result = changes.VERBS[verb](self._world, now, **arguments)
        self._append({"at": at, "now": now, "verb": verb, "arguments": arguments})
        return result

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

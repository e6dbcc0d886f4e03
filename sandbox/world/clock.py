"""One clock for the portal and the sandbox: real UTC time plus an offset that a file may carry."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

DAY = 86_400_000  # milliseconds, the sandbox's unit of time


class Clock:
    """Milliseconds since 1970. file: JSON {"offset_seconds": s}, read again whenever its mtime changes."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self._offset = 0.0
        self._stamp: int | None = None

    @property
    def offset_seconds(self) -> float:
        if self.file is None:
            return self._offset
        try:
            stamp = self.file.stat().st_mtime_ns
        except FileNotFoundError:
            return 0.0
        if stamp != self._stamp:
            try:
                self._offset = float(json.loads(self.file.read_text())["offset_seconds"])
                self._stamp = stamp
            except (OSError, ValueError, KeyError, TypeError):
                return self._offset  # being rewritten: the last reading holds until the next look
        return self._offset

    def now(self) -> int:
        return int((time.time() + self.offset_seconds) * 1000)

    def shift(self, seconds: float) -> None:
        """Move on by this much; the file, if there is one, is rewritten for everybody who reads it."""
        offset = self.offset_seconds + seconds
        if self.file is not None:
            fresh = self.file.with_suffix(self.file.suffix + ".new")
            fresh.write_text(json.dumps({"offset_seconds": offset}))
            fresh.replace(self.file)
        else:
            self._offset = offset


def iso(moment: int) -> str:
    """As ASFF writes moments: 2026-03-31T12:00:00.000Z."""
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def stamp(moment: int) -> datetime:
    return datetime.fromtimestamp(moment / 1000, UTC)

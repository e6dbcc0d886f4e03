"""The portal's one clock.

Every process asks `now()`. A sandbox installation may shift it through a file that it shares
with the sandbox AWS; production refuses the setting (see compliance_portal.settings).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

_offset: tuple[int, timedelta] = (0, timedelta())
A_SECOND = timedelta(seconds=1)


def now() -> datetime:
    """The present moment, UTC, aware."""
    return corrected(of_this_machine())


def of_this_machine() -> datetime:
    """What this machine takes for the present moment, whatever others say."""
    return datetime.now(UTC) + _shift()


@dataclass
class Correction:
    """ahead: how far this machine's clock is ahead of another one that is relied on; 0 where it may well be right."""

    ahead: timedelta = timedelta()


_correction: ContextVar[Correction | None] = ContextVar("correction", default=None)


@contextmanager
def correctable() -> Iterator[Correction]:
    """Where `compare` finds in this block that this machine's clock is wrong, `now` is right from there on."""
    token = _correction.set(Correction())
    try:
        yield _correction.get() or Correction()
    finally:
        _correction.reset(token)


def compare(told: datetime, *, asked: datetime, answered: datetime) -> None:
    """Take in what a clock that is relied on told, in whole seconds, between two moments of this machine's clock."""
    correction = _correction.get()
    if correction and not asked - told - A_SECOND <= correction.ahead <= answered - told:
        correction.ahead = answered - told  # a second late rather than early: nothing is dated in the future


def corrected(moment: datetime) -> datetime:
    """A moment by this machine's clock, put right as far as is known by now."""
    correction = _correction.get()
    return moment - correction.ahead if correction else moment


def _shift() -> timedelta:
    """The offset in CLOCK_FILE (JSON, {"offset_seconds": float}), read again when the file changes."""
    global _offset
    if not settings.CLOCK_FILE:
        return timedelta()
    try:
        changed = os.stat(settings.CLOCK_FILE).st_mtime_ns
    except FileNotFoundError:
        return timedelta()
    if changed != _offset[0]:
        with open(settings.CLOCK_FILE, encoding="utf-8") as file:
            _offset = (changed, timedelta(seconds=json.load(file)["offset_seconds"]))
    return _offset[1]

"""Seconds of processor time: of this process and what it started, and of the PostgreSQL that it talks to.

On a machine that does other work they say more than the clock does.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from django.db import connection

TICKS = os.sysconf("SC_CLK_TCK")
PARENT, OWN, REAPED = 1, slice(11, 13), slice(13, 15)
"""Where /proc/PID/stat has them, counted after the name: parent, ticks of its own, ticks of children that ended."""


@contextmanager
def measured(**others: int) -> Iterator[dict[str, Any]]:
    """A dictionary that holds seconds, client_cpu and, where PostgreSQL runs on this machine, database_cpu.

    others: processes by name, whose time is told as NAME_cpu.
    """
    watched = {name: pid for name, pid in {"database": _postmaster(), **others}.items() if pid}
    began, ours, theirs = time.perf_counter(), _ours(), {name: _tree(pid) for name, pid in watched.items()}
    told: dict[str, Any] = {}
    yield told
    told["seconds"] = round(time.perf_counter() - began, 2)
    told["client_cpu"] = round(_ours() - ours, 2)
    for name, pid in watched.items():
        told[f"{name}_cpu"] = round(_tree(pid) - theirs[name], 2)


@contextmanager
def memory() -> Iterator[dict[str, Any]]:
    """A dictionary that holds peak_mb, of this process, and together_mb, the most that it and its children had at once.

    Looked at twenty times a second.
    """
    told: dict[str, Any] = {}
    ended, most = Event(), 0

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.05):
            most = max(most, _held(os.getpid()))

    watching = Thread(target=watch)
    watching.start()
    try:
        yield told
    finally:
        ended.set()
        watching.join()
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    told["together_mb"] = max(most // 2**20, told["peak_mb"])


def _held(parent: int) -> int:
    """Bytes that this process and its children hold; what several of them share counts once."""
    found = [(int(path.name), _stat(int(path.name))) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return sum(_proportional(pid) for pid, told in found if told and parent in (pid, int(told[PARENT])))


def _proportional(pid: int) -> int:
    """Bytes of a process, of shared pages its share; 0 where it is gone."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in told.splitlines() if line.startswith("Pss:")), 0)


def _ours() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _postmaster() -> int:
    """The process that all of PostgreSQL's descend from; 0 where it is not on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
        local = connection.connection.info.host.startswith("/")
    told = _stat(backend) if local else []
    return int(told[PARENT]) if told else 0


def _tree(parent: int) -> float:
    """Seconds of this process and its children, those that ended included."""
    found = [_stat(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()]
    children = [told for told in found if told and int(told[PARENT]) == parent]
    own = _stat(parent) or []
    ticks = [*own[OWN], *own[REAPED], *(tick for told in children for tick in told[OWN])]
    return sum(map(int, ticks)) / TICKS


def _stat(pid: int) -> list[str]:
    """Nothing where there is no such process any more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []

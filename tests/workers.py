"""Real Celery: what waits in the broker, and a worker that takes it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

from compliance_portal.celery import app

ROOT = Path(__file__).parent.parent
PATIENCE = 300
"""Seconds for what takes a few of them, on a machine that has much else to do."""
Task = tuple[str, tuple[Any, ...]]
"""A task's name and its arguments."""


def taken_from_the_broker() -> list[Task]:
    """The tasks that wait for a worker, oldest first. They wait no longer."""
    taken: list[Task] = []
    with app.connection_for_read() as broker, broker.SimpleQueue(app.conf.task_default_queue) as queue:
        while True:
            try:
                message = queue.get(block=False)
            except Empty:
                return taken
            message.ack()
            taken.append((message.headers["task"], tuple(message.payload[0])))


@contextmanager
def worker(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker of two processes until the block ends."""
    command = [sys.executable, "-m", "celery", "-A", "compliance_portal", "worker", "-c", "2", "--loglevel", "ERROR"]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)


def wait_until(happened: Callable[[], bool]) -> None:
    """Look until it has happened; fail where no worker does it."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "no worker did it"
        time.sleep(0.1)

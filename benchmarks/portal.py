"""The portal served as in operation, and asked for pages over loopback by clients that keep their connection."""

from __future__ import annotations

import http.client
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 60  # seconds
WARM, ASKED = 3, 40
"""Requests of a page that are not counted, and that are."""
CLIENTS, FOR = 8, 6.0
"""Clients at once, and seconds."""


@contextmanager
def serving(environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """gunicorn as the container starts it; yields its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [
        sys.executable, "-m", "gunicorn", "compliance_portal.wsgi", "--bind", f"127.0.0.1:{port}",
        "--workers", "2", "--threads", "4", "--keep-alive", "30", "--access-logfile", "-",
    ]  # fmt: skip
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=dict(environment), stdout=said, stderr=said)
        try:
            _wait(port, process, log)
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            Browser(port, "").get("/healthz")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"gunicorn did not start:\n{log.read_text()[-2000:]}")


class Browser:
    """One connection, kept, and one session."""

    def __init__(self, port: int, cookie: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.headers = {"Cookie": f"sessionid={cookie}"}

    def get(self, path: str) -> tuple[float, int]:
        """Seconds and bytes. Raises RuntimeError on any answer but 200."""
        seconds, body = self.read(path)
        return seconds, len(body)

    def read(self, path: str) -> tuple[float, bytes]:
        """Seconds and what was answered. Raises RuntimeError on any answer but 200."""
        began = time.perf_counter()
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answers {answer.status}")
        return time.perf_counter() - began, body


def timed(port: int, page: Mapping[str, Any], cookie: str) -> dict[str, Any]:
    """p50 and p95 of a page that is counted anew each time, and of the same page asked again, in ms."""
    browser = Browser(port, cookie)
    joint = "&" if "?" in page["path"] else "?"
    for number in range(WARM):
        browser.get(f"{page['path']}{joint}fresh=w{number}")
    anew = [browser.get(f"{page['path']}{joint}fresh={number}") for number in range(ASKED)]
    again = [browser.get(page["path"])[0] for _ in range(ASKED + 1)][1:]
    return {
        **page,
        **figures([seconds for seconds, _ in anew]),
        "again": figures(again),
        "bytes": anew[-1][1],
    }


def figures(seconds: Sequence[float]) -> dict[str, float]:
    """p50 and p95, ms."""
    cuts = statistics.quantiles([one * 1000 for one in seconds], n=20, method="inclusive")
    return {"p50": round(cuts[9], 1), "p95": round(cuts[18], 1)}


def per_second(port: int, cookies: Sequence[str], path: str, meanwhile: Callable[[], None] | None = None) -> float:
    """Pages a second to CLIENTS at once, each loading its own home again and again.

    meanwhile: what happens once a second beside it.
    """
    until = time.monotonic() + FOR

    def load(cookie: str) -> int:
        browser, loaded = Browser(port, cookie), 0
        while time.monotonic() < until:
            browser.get(path)
            loaded += 1
        return loaded

    with ThreadPoolExecutor(CLIENTS) as pool:
        loads = [pool.submit(load, cookies[number % len(cookies)]) for number in range(CLIENTS)]
        while meanwhile and time.monotonic() < until:
            meanwhile()
            time.sleep(1)
        return round(sum(one.result() for one in loads) / FOR, 1)

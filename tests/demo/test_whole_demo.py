"""The demo as an operator runs it: begun, interrupted, taken up again, begun once more, forgotten."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded import processes

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 240  # seconds, for a first run on a busy machine
NOT_OURS = ("DATABASE_URL", "REDIS_URL", "AWS_ENDPOINT_URL", "AWS_PROFILE", "PORT", "PORTAL_ENVIRONMENT")
begun: list[subprocess.Popen[bytes]] = []


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="demo-"))
    yield made
    for left in begun:
        left.send_signal(signal.SIGINT)
        left.wait(60)
    demo(made, "reset").wait(60)
    (made.parent / f"{made.name}.out").unlink()


def demo(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    small = {"DEMO_FOLDER": str(folder), "DEMO_FINDINGS": "200", "DEMO_STEPS": "1"}
    with (folder.parent / f"{folder.name}.out").open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "demo", *arguments], cwd=ROOT, env=environment | small, stdout=out, stderr=out
        )
    begun.append(process)
    return process


def said(folder: Path) -> str:
    return (folder.parent / f"{folder.name}.out").read_text()


def wait_until(process: subprocess.Popen[bytes], folder: Path, true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert process.poll() is None, said(folder)
        assert time.monotonic() < deadline, said(folder)
        time.sleep(0.1)


def stop(process: subprocess.Popen[bytes], folder: Path, number: signal.Signals, status: int) -> None:
    """Signal the demo; afterwards none of its processes is left."""
    pids = [json.loads(record.read_text())["pid"] for record in (folder / "processes").iterdir()]
    process.send_signal(number)
    assert process.wait(60) == status, said(folder)
    assert [pid for pid in pids if processes.command_of(pid)] == []
    assert not (folder / "servers" / "postgres" / "postmaster.pid").exists()


@pytest.mark.slow(seconds=120)
def test_a_demo_is_begun_interrupted_taken_up_again_and_forgotten(folder: Path) -> None:
    progress = folder / "progress.json"

    def synced() -> bool:
        return progress.exists() and json.loads(progress.read_text())["days_back"] == 60

    first = demo(folder)
    wait_until(first, folder, synced)
    stop(first, folder, signal.SIGINT, 130)
    assert "People and solutions" in said(folder)

    second = demo(folder)
    wait_until(second, folder, lambda: "Administrator" in said(folder))
    again = said(folder).rpartition("Compliance portal: the demo")[2]
    assert "First sync" not in again
    assert "60 days of history" in again
    assert json.loads((folder / "clock.json").read_text()) == {"offset_seconds": 0}

    *_, first_line, second_line, third_line, administrator = again.strip().splitlines()
    assert [line.split()[0] for line in (first_line, second_line, third_line)] == ["First", "Second", "Third"]
    assert administrator.split()[0] == "Administrator"
    address = re.search(r"http://127\.0\.0\.1:\d+/", again)
    assert address is not None
    with urllib.request.urlopen(f"{address[0]}readyz", timeout=10) as answer:
        assert json.load(answer)["ready"] is True

    busy = demo(folder)
    assert busy.wait(30) == 1
    assert f"{folder}/run is in use by process {second.pid}: stop it first." in said(folder)

    stop(second, folder, signal.SIGTERM, 143)
    assert demo(folder, "reset").wait(60) == 0
    assert not folder.exists()

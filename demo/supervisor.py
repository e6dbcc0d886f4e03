"""The demo's processes: start each with its log, notice when one ends, stop them all."""

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType

from embedded import processes

GRACE = 10.0  # seconds to end gently; a sync cut short is taken up again by the next worker


class ProcessEndedError(Exception):
    """One of the demo's processes ended by itself; the message says which and shows its log."""


class Supervisor:
    """Use as a context manager: leaving it stops everything it started, the last first."""

    def __init__(self, folder: Path) -> None:
        self.logs = folder / "logs"
        self.records = folder / "processes"
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Supervisor":
        self.logs.mkdir(parents=True, exist_ok=True)
        stop_leftovers(self.records)
        self.records.mkdir(exist_ok=True)
        signal.signal(signal.SIGCHLD, self._notice)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # we are stopping already; each wait is bounded
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        for name, process in reversed(self.running.items()):
            processes.wait_or_kill(process, grace=GRACE)
            (self.records / name).unlink(missing_ok=True)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        process = processes.start(command, environment=environment, log=self.log(name))
        record = {"pid": process.pid, "command": list(command)}
        (self.records / name).write_text(json.dumps(record))
        self.running[name] = process

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def wait_for(self, name: str, address: str, *, patience: float = 60) -> bytes:
        """The answer of ADDRESS, once process NAME serves it. Raises ProcessEndedError."""
        deadline = time.monotonic() + patience
        while True:
            self.check()
            try:
                with urllib.request.urlopen(address, timeout=5) as answer:
                    content: bytes = answer.read()
                    return content
            except (urllib.error.URLError, OSError) as problem:
                if time.monotonic() > deadline:
                    raise ProcessEndedError(self._said(f"The {name} does not answer ({problem})", name)) from None
            time.sleep(0.1)

    def check(self) -> None:
        """Raise ProcessEndedError when a process has ended."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise ProcessEndedError(self._said(f"The {name} ended with status {process.returncode}", name))

    def _notice(self, number: int, frame: FrameType | None) -> None:
        self.check()

    def _said(self, what: str, name: str) -> str:
        return f"{what}. Its log, {self.log(name)}, ends with:\n{processes.last_lines(self.log(name))}"


def stop_leftovers(records: Path) -> None:
    """Stop what a run that was killed left behind: recognised by pid and command line together."""
    for record in records.glob("*"):
        left = json.loads(record.read_text())
        # The interpreter may call itself by another name; spaces separate arguments where /proc is missing.
        if " ".join(processes.command_of(left["pid"])[1:]) == " ".join(left["command"][1:]):
            processes.stop_leftover(left["pid"], grace=GRACE)
        record.unlink()

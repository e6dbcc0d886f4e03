"""Start, recognise and stop processes, always by pid."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

PR_SET_PDEATHSIG = 1
_prctl: Callable[..., int] | None = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def _end_with_parent(gently: signal.Signals) -> None:
    """Ask the kernel for this signal when the parent dies, `kill -9` included (Linux only)."""
    if _prctl is not None:
        _prctl(PR_SET_PDEATHSIG, gently)


def start(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    log: Path,
    folder: Path | None = None,
    user: int | None = None,
    group: int | None = None,
    gently: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start COMMAND in its own session, so that Ctrl-C reaches only us; its output is added to LOG.

    gently: the signal that asks it to end; the kernel sends it should we die without a word.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            preexec_fn=partial(_end_with_parent, gently),
        )


def stop(process: subprocess.Popen[bytes], *, gently: signal.Signals = signal.SIGTERM, grace: float = 20) -> None:
    """Stop a child of ours, killing it where it has not ended GRACE seconds after the gentle signal."""
    if process.poll() is None:
        process.send_signal(gently)
    wait_or_kill(process, grace=grace)


def wait_or_kill(process: subprocess.Popen[bytes], *, grace: float) -> None:
    """Wait for a child that was told to end; after GRACE seconds kill it and all of its session."""
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def stop_leftover(pid: int, *, gently: signal.Signals = signal.SIGTERM, grace: float = 20) -> None:
    """Stop a process that an earlier run of ours left behind. The caller has recognised it."""
    for sent, patience in ((gently, grace), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            return
        if _gone(pid, within=patience):
            return


def _gone(pid: int, *, within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not command_of(pid):
            return True
        time.sleep(0.05)
    return False


def command_of(pid: int) -> list[str]:
    """The command line of a living process, empty when there is none or it is a zombie."""
    if not Path("/proc/self/cmdline").exists():
        asked = ["ps", "-o", "command=", "-p", str(pid)]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
    try:
        text = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return []
    return [part for part in text.split("\0") if part]


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log, indented for the terminal."""
    if not log.exists():
        return "  (no log)"
    return "\n".join(f"  {line}" for line in log.read_text(errors="replace").splitlines()[-count:])

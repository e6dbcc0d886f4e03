"""One Valkey server on the loopback address, behind a password, for one folder."""

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded import processes
from embedded.errors import CannotStart
from embedded.place import Place

PATIENCE = 20  # seconds
ATTEMPTS = 5  # a free port may be taken between choosing and using it


@contextmanager
def serving(place: Place, log: Path, *, durable: bool) -> Iterator[str]:
    """Run Valkey until the block ends; yields its REDIS_URL. Raises CannotStart."""
    data = place.data / "valkey"
    data.mkdir(exist_ok=True)
    place.own(data)
    stop_leftover(data)
    password = secrets.token_urlsafe(24)
    process, port = _start(place, data, log, password, durable=durable)
    try:
        yield f"redis://:{password}@127.0.0.1:{port}/0"
    finally:
        processes.stop(process)
        (data / "pid").unlink(missing_ok=True)


def stop_leftover(data: Path) -> None:
    """Stop the server that a crashed run left on this folder."""
    record = data / "pid"
    if not record.exists():
        return
    written = record.read_text().strip()
    command = processes.command_of(int(written)) if written.isdigit() else []
    if "valkey-server" in " ".join(command[:1]):
        processes.stop_leftover(int(written))
    record.unlink()


def _start(place: Place, data: Path, log: Path, password: str, *, durable: bool) -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(ATTEMPTS):
        port = _free_port()
        configuration = data / "valkey.conf"
        _write(configuration, _configuration(port, password, durable=durable))
        place.own(configuration)
        process = processes.start(
            [place.valkey, configuration],
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            log=log,
            folder=data,
            user=place.user,
            group=place.group,
        )
        _write(data / "pid", str(process.pid))
        if _answers(process, port, password):
            return process, port
        processes.stop(process)
    raise CannotStart(f"Valkey did not start:\n{processes.last_lines(log)}")


def _configuration(port: int, password: str, *, durable: bool) -> str:
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        "dir .",
        "databases 16",
        "maxmemory-policy noeviction",
        "save 60 1" if durable else 'save ""',
        "appendonly no",
        "stop-writes-on-bgsave-error no",
    ]
    return "\n".join(lines) + "\n"


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(process: subprocess.Popen[bytes], port: int, password: str) -> bool:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(f"AUTH {password}\r\n".encode())
                if connection.recv(5) == b"+OK\r\n":
                    return True
        except OSError:
            pass
        time.sleep(0.02)
    return False

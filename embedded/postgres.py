"""One PostgreSQL server on a unix socket, for one folder."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from embedded import processes
from embedded.errors import CannotStart
from embedded.place import Place

PATIENCE = 120  # seconds; recovery after a power cut takes its time

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "min_dynamic_shared_memory": "64MB",  # parallel queries work where /dev/shm is small (containers)
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_level": "minimal",  # there is no standby, and backups are taken by asking (docs/operations.md)
    "max_wal_senders": "0",
    "wal_buffers": "32MB",
    "wal_init_zero": "off",
    "checkpoint_timeout": "15min",
    "synchronous_commit": "off",  # a power cut may lose the last moments, never the order or the integrity
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "createrole_self_grant": "set, inherit",
}
ENCODING = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
NOTHING_TO_LOSE = {"fsync": "off", "full_page_writes": "off"}


@contextmanager
def serving(place: Place, log: Path, *, durable: bool) -> Iterator[str]:
    """Run PostgreSQL until the block ends; yields its DATABASE_URL. Raises CannotStart."""
    data = place.data / "postgres"
    stop_leftover(data)
    _initialise(place, data, log)
    process = _start(place, data, log, durable=durable)
    try:
        _prepare(place)
        yield f"postgresql://portal@/portal?host={quote(str(place.sockets), safe='')}"
    finally:
        processes.stop(process, gently=signal.SIGINT)


def stop_leftover(data: Path) -> None:
    """Stop the server that a crashed run left on this folder, and clear a pid that is now somebody else's."""
    record = data / "postmaster.pid"
    if not record.exists():
        return
    first, *_ = record.read_text().splitlines() or [""]
    pid = int(first) if first.isdigit() else 0
    command = processes.command_of(pid) if pid else []
    if command and Path(command[0]).name == "postgres" and str(data) in command:
        processes.stop_leftover(pid, gently=signal.SIGINT)
    elif command or not pid:
        record.unlink()


def _initialise(place: Place, data: Path, log: Path) -> None:
    if (data / "PG_VERSION").exists():
        _same_version(place, data)
        return
    data.mkdir(exist_ok=True)
    place.own(data)
    for leaf in data.iterdir():
        raise CannotStart(f"{data} holds {leaf.name} but no database: remove that folder and start again.")
    making = processes.start(
        [place.postgres / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", *ENCODING],
        environment=_environment(place),
        log=log,
        folder=data,
        user=place.user,
        group=place.group,
    )
    if making.wait() != 0:
        raise CannotStart(f"PostgreSQL could not make its data folder:\n{processes.last_lines(log)}")


def _same_version(place: Place, data: Path) -> None:
    stored = (data / "PG_VERSION").read_text().strip()
    said = subprocess.check_output([place.postgres / "postgres", "--version"], text=True)
    ours = said.split()[2].partition(".")[0]
    if stored != ours:
        raise CannotStart(f"{data} was written by PostgreSQL {stored}, this is {ours}: `make demo-reset`.")


def _start(place: Place, data: Path, log: Path, *, durable: bool) -> subprocess.Popen[bytes]:
    place.own(place.sockets)
    settings = SETTINGS | ({} if durable else NOTHING_TO_LOSE)
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    command = [str(place.postgres / "postgres"), "-D", str(data), "-k", str(place.sockets), *options]
    deadline = time.monotonic() + PATIENCE
    while True:
        process = processes.start(
            command,
            environment=_environment(place),
            log=log,
            folder=data,
            gently=signal.SIGINT,
            user=place.user,
            group=place.group,
        )
        if _became_ready(process, data, deadline):
            return process
        processes.stop(process, gently=signal.SIGINT, grace=5)
        # The last sessions of a server that was killed need a moment to notice.
        if "still in use" not in processes.last_lines(log, 3) or time.monotonic() > deadline:
            raise CannotStart(f"PostgreSQL did not start:\n{processes.last_lines(log)}")
        time.sleep(0.5)


def _became_ready(process: subprocess.Popen[bytes], data: Path, deadline: float) -> bool:
    record = data / "postmaster.pid"
    while process.poll() is None and time.monotonic() < deadline:
        lines = record.read_text().splitlines() if record.exists() else []
        if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
            return True
        time.sleep(0.02)
    return False


def _prepare(place: Place) -> None:
    """The role and the database, once. The role may make databases and roles, and is no superuser."""
    if _ask(place, "select 1 from pg_database where datname = 'portal'") == "1":
        return
    _ask(place, "create role portal login createdb createrole")
    _ask(place, "create database portal owner portal")


def _ask(place: Place, statement: str) -> str:
    command: list[str | Path] = [
        place.postgres / "psql",
        "-XqAt",
        "-h",
        place.sockets,
        "-U",
        "postgres",
        "-c",
        statement,
    ]
    answer = subprocess.run(
        command,
        env=_environment(place),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=place.user,
        group=place.group,
    )
    if answer.returncode != 0:
        raise CannotStart(f"PostgreSQL refused “{statement}”: {answer.stderr.strip()}")
    return answer.stdout.strip()


def _environment(place: Place) -> Mapping[str, str]:
    """Nothing of the operator's environment: PGDATA, PGOPTIONS and LC_* would change what we start."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(place.data)}

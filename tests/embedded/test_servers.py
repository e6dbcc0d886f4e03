import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from embedded import CannotStart, __main__, place, processes, remove, serving
from tests.workers import PATIENCE

ROOT = Path(__file__).parent.parent.parent
NOTHING_GIVEN: dict[str, str] = {}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name; pytest's own are too deep for a socket and closed to other users."""
    made = Path(tempfile.mkdtemp(prefix="emb-"))
    yield made
    remove(made)


def start(*arguments: str | Path, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return subprocess.Popen(
        [sys.executable, "-m", "embedded", *arguments],
        cwd=ROOT,
        env=clean | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def serve(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`python -m embedded serve`, once it has printed both addresses. The block has to end it."""
    with start("serve", "--folder", folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("export DATABASE_URL=")
        assert process.stdout.readline().startswith("export REDIS_URL=")
        yield process


def pids(folder: Path) -> tuple[int, int]:
    postmaster = (folder / "postgres" / "postmaster.pid").read_text().splitlines()[0]
    return int(postmaster), int((folder / "valkey" / "pid").read_text())


def gone(*numbers: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while any(processes.command_of(number) for number in numbers):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_both_servers_answer_and_nothing_is_left_behind(folder: Path) -> None:
    with serving(folder, durable=False, given=NOTHING_GIVEN) as servers:
        left = pids(folder)
        with psycopg.connect(servers.database_url) as connection:
            row = connection.execute("select current_setting('server_version_num')::int / 10000").fetchone()
        assert row == (18,)
        assert redis.Redis.from_url(servers.redis_url).ping()
    assert gone(*left)


def test_the_role_makes_databases_and_roles_but_is_no_superuser(folder: Path) -> None:
    with (
        serving(folder, durable=False, given=NOTHING_GIVEN) as servers,
        psycopg.connect(servers.database_url, autocommit=True) as connection,
    ):
        connection.execute("create role someone")
        connection.execute("set role someone")
        connection.execute("reset role")
        connection.execute("create extension btree_gist")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("copy (select 1) to program 'true'")


def test_data_stays_from_one_start_to_the_next(folder: Path) -> None:
    with (
        serving(folder, durable=True, given=NOTHING_GIVEN) as servers,
        psycopg.connect(servers.database_url) as connection,
    ):
        connection.execute("create table kept as select 41 as risk")
    with (
        serving(folder, durable=True, given=NOTHING_GIVEN) as servers,
        psycopg.connect(servers.database_url) as connection,
    ):
        assert connection.execute("select risk from kept").fetchone() == (41,)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_what_was_started(folder: Path, number: signal.Signals) -> None:
    with serve(folder) as process:
        left = pids(folder)
        process.send_signal(number)
        process.wait(PATIENCE)
    assert process.returncode == (130 if number == signal.SIGINT else 143)
    assert gone(*left)


def test_after_kill_9_the_next_start_works_and_keeps_the_data(folder: Path) -> None:
    with serve(folder) as process:
        left = pids(folder)
        process.kill()
    with serving(folder, durable=True, given=NOTHING_GIVEN) as servers:
        assert gone(*left)
        with psycopg.connect(servers.database_url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_a_killed_server_and_a_pid_that_is_now_somebody_elses_do_not_block_the_next_start(
    folder: Path,
) -> None:
    with serve(folder) as process:
        for number in pids(folder):
            os.kill(number, signal.SIGKILL)
        process.terminate()
    record = folder / "postgres" / "postmaster.pid"
    lines = record.read_text().splitlines()
    record.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    (folder / "valkey" / "pid").write_text(str(os.getpid()))
    with (
        serving(folder, durable=True, given=NOTHING_GIVEN) as servers,
        psycopg.connect(servers.database_url) as connection,
    ):
        assert connection.execute("select 1").fetchone() == (1,)


def test_two_runs_never_share_a_folder(folder: Path) -> None:
    with (
        serving(folder, durable=False, given=NOTHING_GIVEN),
        start("run", "--folder", folder, "--", "true") as second,
    ):
        _, said = second.communicate()
    assert second.returncode == 1
    assert said == f"{folder} is in use by process {os.getpid()}: stop it first.\n"


def test_a_path_too_long_for_a_socket_is_served_from_the_temporary_folder(folder: Path) -> None:
    deep = folder / ("deep-" * 20) / ("deeper-" * 10)
    with (
        serving(deep, durable=False, given=NOTHING_GIVEN) as servers,
        psycopg.connect(servers.database_url) as connection,
    ):
        assert connection.execute("select 1").fetchone() == (1,)
    remove(deep)
    assert not place._short_sockets(deep).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to leave a folder closed to others")
def test_root_is_served_from_a_shelter_where_the_folder_is_closed_to_others(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with (
        serving(closed / "data", durable=False, given=NOTHING_GIVEN) as servers,
        psycopg.connect(servers.database_url) as connection,
    ):
        assert connection.execute("select 1").fetchone() == (1,)
    assert closed.stat().st_mode & 0o777 == 0o700
    shelters = [path for path in place.possible(closed / "data")[1:] if path.exists()]
    assert len(shelters) == 1
    remove(closed / "data")
    assert not shelters[0].exists()


def test_addresses_that_are_given_are_used_and_nothing_is_started(folder: Path) -> None:
    given = {"DATABASE_URL": "postgresql:///mine", "REDIS_URL": "redis://mine"}
    with serving(folder, durable=False, given=given) as servers:
        assert servers.environment == given
    assert not (folder / "postgres").exists()
    assert not (folder / "valkey").exists()


def test_data_of_another_version_is_named_and_left_alone(folder: Path) -> None:
    with serving(folder, durable=False, given=NOTHING_GIVEN):
        pass
    (folder / "postgres" / "PG_VERSION").write_text("15\n")
    with (
        pytest.raises(CannotStart, match="was written by PostgreSQL 15, this is 18"),
        serving(folder, durable=False, given=NOTHING_GIVEN),
    ):
        pass


def test_run_gives_the_commands_exit_status_and_stops_the_servers() -> None:
    see = "import os, sys; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL']); sys.exit(7)"
    with start("run", "--", sys.executable, "-c", see) as process:
        said, _ = process.communicate()
    assert process.returncode == 7
    assert said.startswith("postgresql://portal@/portal?host=")


def test_what_nobody_keeps_lies_in_memory_where_there_is_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(__main__, "MEMORY", tmp_path)
    for room, there in ((0, True), (10**18, False)):
        monkeypatch.setattr(__main__, "ROOM", room)
        with __main__._folder(None) as made:
            assert (made.parent == tmp_path) is there
        assert not made.exists()


def test_run_hands_sigterm_to_the_command() -> None:
    wait = "import signal, sys; signal.signal(15, lambda *_: sys.exit(9)); print('up', flush=True)"
    with start("run", "--", sys.executable, "-c", f"{wait}; signal.pause()") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.terminate()
    assert process.returncode == 9


def test_run_names_a_command_that_does_not_exist() -> None:
    with start("run", "--", "/no/such/command") as process:
        _, said = process.communicate()
    assert (process.returncode, said) == (1, "/no/such/command cannot be run: No such file or directory\n")

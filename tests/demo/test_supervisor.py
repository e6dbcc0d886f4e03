import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import port
from demo.supervisor import ProcessEndedError, Supervisor, stop_leftovers
from embedded import processes

WAIT = [sys.executable, "-c", "import signal; signal.pause()"]
FAIL = [sys.executable, "-c", "print('no broker'); raise SystemExit(3)"]
SERVE = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1"]


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """The supervisor stands in front of the signals of its process; give them back."""
    numbers = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_leaving_stops_every_process_that_was_started(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("one", WAIT, {})
        supervisor.start("two", WAIT, {})
        pids = [process.pid for process in supervisor.running.values()]
    assert [processes.command_of(pid) for pid in pids] == [[], []]
    assert list((tmp_path / "processes").iterdir()) == []


def test_a_process_that_ends_by_itself_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor, pytest.raises(ProcessEndedError) as raised:  # noqa: PT012
        supervisor.start("worker", FAIL, {})
        time.sleep(60)  # cut short by the end of the process
    log = tmp_path / "logs" / "worker.log"
    assert str(raised.value) == f"The worker ended with status 3. Its log, {log}, ends with:\n  no broker"


def test_a_process_left_by_a_killed_run_is_stopped_by_the_next(tmp_path: Path) -> None:
    left = subprocess.Popen(WAIT, start_new_session=True)
    while not processes.command_of(left.pid):  # a moment passes between the start and its command line
        time.sleep(0.01)
    records = tmp_path / "processes"
    records.mkdir()
    (records / "worker").write_text(json.dumps({"pid": left.pid, "command": WAIT}))
    with Supervisor(tmp_path):
        assert left.wait(5) == -signal.SIGTERM


def test_a_pid_that_is_now_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    somebody = subprocess.Popen(WAIT)
    (tmp_path / "worker").write_text(json.dumps({"pid": somebody.pid, "command": ["celery", "worker"]}))
    stop_leftovers(tmp_path)
    assert somebody.poll() is None
    assert not (tmp_path / "worker").exists()
    somebody.kill()
    somebody.wait()


def test_it_waits_until_an_address_answers(tmp_path: Path) -> None:
    number = port.free()
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("portal", [*SERVE, str(number)], {})
        assert b"Directory listing" in supervisor.wait_for("portal", f"http://127.0.0.1:{number}/")


def test_an_address_that_never_answers_is_named(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("portal", WAIT, {})
        with pytest.raises(ProcessEndedError, match="The portal does not answer"):
            supervisor.wait_for("portal", "http://127.0.0.1:1/", patience=0.2)

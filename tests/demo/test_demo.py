import io
import itertools
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import clock, port
from demo.console import Console, Lines
from demo.environment import Choices, build
from demo.progress import Progress
from embedded import CannotStart


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_the_usual_port_is_used_without_a_word() -> None:
    usual = port.free()
    assert port.choose("", usual) == (usual, "")


def test_the_next_free_port_is_used_and_said_when_the_usual_one_is_taken(taken: int) -> None:
    chosen, word = port.choose("", taken)
    assert chosen > taken
    assert word == f"Port {taken} is taken by another program; using {chosen}."


def test_a_port_that_was_asked_for_is_an_order(taken: int) -> None:
    with pytest.raises(CannotStart, match=f"Port {taken} is taken by another program"):
        port.choose(str(taken))
    with pytest.raises(CannotStart, match="PORT must be a port number, not 'web'"):
        port.choose("web")


def test_the_history_goes_from_its_first_day_to_now_ever_finer() -> None:
    moments = clock.moments(60, 16)
    gaps = [earlier - later for earlier, later in itertools.pairwise(moments)]
    assert (moments[0], moments[-1], len(moments)) == (60, 0, 17)
    assert gaps == sorted(gaps, reverse=True)


def test_a_step_for_every_day_is_a_step_at_every_day() -> None:
    assert clock.moments(5, 5) == [5, 4, 3, 2, 1, 0]


def test_the_clock_file_says_how_far_back_the_world_is(tmp_path: Path) -> None:
    clock.set_back(tmp_path / "clock.json", 60)
    assert json.loads((tmp_path / "clock.json").read_text()) == {"offset_seconds": -5_184_000}


def test_an_interrupted_first_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    file = tmp_path / "progress.json"
    first = Progress.of(file, "postgresql:///one")
    first.connected, first.days_back = True, 12.5
    first.save()
    again = Progress.of(file, "postgresql:///one")
    assert (again.connected, again.days_back, again.complete) == (True, 12.5, False)
    assert file.stat().st_mode & 0o777 == 0o600


def test_another_database_starts_from_the_beginning(tmp_path: Path) -> None:
    file = tmp_path / "progress.json"
    Progress(file, "postgresql:///one", connected=True, days_back=0).save()
    assert Progress.of(file, "postgresql:///two") == Progress(file, "postgresql:///two")


def test_the_operators_own_aws_never_shares_data_with_the_sandbox(tmp_path: Path) -> None:
    given = {"DEMO_FOLDER": str(tmp_path)}
    sandbox, own = Choices.of(given), Choices.of(given | {"AWS_PROFILE": "audit"})
    assert (sandbox.folder, own.folder) == (tmp_path, tmp_path / "own-aws")
    assert sandbox.folders == own.folders


def test_the_environment_is_written_for_its_owner_only(tmp_path: Path) -> None:
    choices = Choices.of({"DEMO_FOLDER": str(tmp_path)})
    environment = build(choices, {"DATABASE_URL": "postgresql:///one"}, "http://127.0.0.1:4566")
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert len(environment["SECRET_KEY"]) >= 50
    assert (tmp_path / "env").stat().st_mode & 0o777 == 0o600
    assert "export DATABASE_URL=postgresql:///one\n" in (tmp_path / "env").read_text()


def test_a_number_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(CannotStart, match="DEMO_STEPS must be a whole number above 0, not 'many'"):
        Choices.of({"DEMO_STEPS": "many"})


def test_a_step_is_one_line_where_nobody_watches() -> None:
    seen = io.StringIO()
    with Console(seen).step("First sync") as say:
        say("3 of 36")
    assert seen.getvalue() == "  First sync                0.0 s\n"


def test_an_interrupted_step_says_so() -> None:
    seen = io.StringIO()
    with pytest.raises(KeyboardInterrupt), Console(seen).step("First sync"):
        raise KeyboardInterrupt
    assert seen.getvalue() == "  First sync                not finished\n"


def test_what_a_command_prints_is_kept_and_its_last_line_handed_on() -> None:
    heard: list[str] = []
    lines = Lines(heard.append)
    print("1 of 2\n2 of 2", file=lines)
    assert (lines.text, heard[-1]) == ("1 of 2\n2 of 2\n", "2 of 2")

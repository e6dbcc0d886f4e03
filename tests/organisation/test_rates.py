"""How often the API may be called, and what is said beyond that."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings
from redis import RedisError

from organisation import rates
from tests.clock import after
from tests.conftest import LogIn, Program
from tests.factories import SolutionFactory, UserFactory

ME = "/api/v1/me/"


@pytest.fixture(autouse=True)
def twice_a_minute(settings: Settings) -> None:
    settings.API_READS_PER_MINUTE, settings.API_WRITES_PER_MINUTE = 2, 1


def test_beyond_the_limit_the_answer_says_when_to_go_on(db: None) -> None:
    program = Program(UserFactory(second_line=True))
    with after(seconds=0):
        assert [program.get(ME).status_code for _ in range(2)] == [200, 200]
        refused = program.get(ME)
    assert (refused.status_code, refused["Content-Type"]) == (429, "application/problem+json")
    seconds = int(refused["Retry-After"])
    assert 0 < seconds <= 60
    assert refused.json()["detail"] == f"Too many calls within a minute: go on in {seconds} s."
    with after(seconds=seconds + 1):
        assert program.get(ME).status_code == 200


def test_reading_and_writing_are_counted_apart(db: None) -> None:
    program = Program(UserFactory(second_line=True), writes=True)
    comments = f"/api/v1/subjects/solution/{SolutionFactory().public_id}/comments/"
    with after(seconds=0):
        written = [program.post(comments, {"text": "Hello"}, "application/json").status_code for _ in range(2)]
        assert written == [201, 429]
        assert program.get(ME).status_code == 200


def test_each_token_and_each_person_is_counted_for_themselves(log_in: LogIn) -> None:
    person = UserFactory(second_line=True)
    one, two, browser = Program(person), Program(person), log_in(person)
    with after(seconds=0):
        for caller in (one, two, browser):
            assert [caller.get(ME).status_code for _ in range(3)] == [200, 200, 429]


def test_zero_is_no_limit(db: None, settings: Settings) -> None:
    settings.API_READS_PER_MINUTE = 0
    program = Program(UserFactory(second_line=True))
    assert {program.get(ME).status_code for _ in range(5)} == {200}


def test_while_nobody_counts_everybody_is_let_in(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(key: str) -> int:
        raise RedisError("Connection refused")

    monkeypatch.setattr(rates, "_counted", down)
    program = Program(UserFactory(second_line=True))
    assert {program.get(ME).status_code for _ in range(5)} == {200}

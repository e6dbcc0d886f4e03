"""What every door of the API understands: ETag and If-Match, Idempotency-Key."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from audit.models import TrailEntry
from desk.models import Comment
from evidence.models import Evidence
from organisation.models import AnsweredCall
from organisation.tasks import forget_answered_calls
from risks.models import Risk
from tests.clock import after
from tests.conftest import Program
from tests.databases import Clone
from tests.factories import SolutionFactory, UserFactory
from tests.factories.risks import RiskFactory, TreatmentActionFactory

PROBLEM = "application/problem+json"
JSON = "application/json"


def of_the_first_line(**more: Any) -> tuple[Program, Risk]:
    """A program of a risk's owner."""
    risk = RiskFactory(owner=UserFactory(first_line=True), **more)
    return Program(risk.owner, writes=True), risk


def address(risk: Risk) -> str:
    return f"/api/v1/risks/{risk.public_id}/"


def titled(program: Program, risk: Risk, title: str, tag: str, **more: Any) -> Any:
    return program.patch(address(risk), {"title": title, **more}, JSON, headers={"If-Match": tag})


def commented(program: Program, at: str, key: str, text: str = "Hello") -> Any:
    return program.post(at, {"text": text}, JSON, headers={"Idempotency-Key": key})


def comments_of(solution: Any) -> str:
    return f"/api/v1/subjects/solution/{solution.public_id}/comments/"


def test_a_row_says_what_it_is_and_is_not_sent_twice(db: None) -> None:
    program, risk = of_the_first_line()
    read = program.get(address(risk))
    assert read["ETag"].startswith('"1.')
    assert read["Cache-Control"] == "private, no-cache"
    again = program.get(address(risk), headers={"If-None-Match": f'"other", W/{read["ETag"]}'})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", read["ETag"])
    Risk.objects.filter(pk=risk.pk).update(title="Other")
    assert program.get(address(risk), headers={"If-None-Match": read["ETag"]}).status_code == 200


def test_what_somebody_saved_since_is_not_overwritten(db: None) -> None:
    program, risk = of_the_first_line(title="Keys leak")
    tag = program.get(address(risk))["ETag"]
    assert titled(program, risk, "Keys leak often", tag).status_code == 200
    stale = titled(program, risk, "Keys never leak", tag)
    assert (stale.status_code, stale["Content-Type"]) == (412, PROBLEM)
    assert stale.json()["detail"].startswith("Somebody saved it since you read it")
    assert Risk.objects.get(pk=risk.pk).title == "Keys leak often"
    assert titled(program, risk, "Keys leak", '"1", "2"').status_code == 200


@pytest.mark.parametrize("tag", ['W/"1"', '"2"', "1", '"x1"', '""'])
def test_a_tag_that_is_not_the_rows_changes_nothing(db: None, tag: str) -> None:
    program, risk = of_the_first_line(title="Keys leak")
    assert titled(program, risk, "Other", tag).status_code == 412
    assert Risk.objects.get(pk=risk.pk).title == "Keys leak"


def test_any_tag_still_needs_the_version(db: None) -> None:
    program, risk = of_the_first_line()
    assert titled(program, risk, "Other", "*").json()["errors"].keys() == {"version"}
    assert titled(program, risk, "Other", "*", version=1).status_code == 200
    assert titled(program, risk, "Third", '"2"', version=1).status_code == 409


def test_moves_of_versioned_rows_are_held_against_the_tag_too(db: None) -> None:
    program, risk = of_the_first_line()
    action = TreatmentActionFactory(treatment__risk=risk, owner=risk.owner)
    move = f"/api/v1/actions/{action.public_id}/move/"
    sent = {"state": "doing", "because": "Began"}
    assert program.post(move, sent, JSON, headers={"If-Match": '"7"'}).status_code == 412
    assert TrailEntry.objects.count() == 0


def test_what_is_hidden_is_not_found_whatever_the_tag(db: None) -> None:
    _owner, risk = of_the_first_line()
    stranger = Program(UserFactory(first_line=True), writes=True)
    assert titled(stranger, risk, "Other", '"7"').status_code == 404


def test_what_has_no_version_is_sent_without_a_tag(db: None) -> None:
    program, solution = Program(UserFactory(second_line=True), writes=True), SolutionFactory()
    answer = program.post(comments_of(solution), {"text": "Hello"}, JSON, headers={"If-Match": '"1"'})
    assert (answer.status_code, Comment.objects.count()) == (400, 0)


def test_the_same_key_is_done_once_and_answered_alike(db: None) -> None:
    program, solution = Program(UserFactory(second_line=True), writes=True), SolutionFactory()
    first = commented(program, comments_of(solution), "build-41")
    again = commented(program, comments_of(solution), "build-41")
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")
    assert "Idempotency-Replayed" not in first
    assert Comment.objects.count() == 1
    assert commented(program, comments_of(solution), "build-42").status_code == 201
    assert Comment.objects.count() == 2


def test_the_same_key_with_something_else_is_refused(db: None) -> None:
    program, solution = Program(UserFactory(second_line=True), writes=True), SolutionFactory()
    commented(program, comments_of(solution), "build-41")
    for at, text in ((comments_of(solution), "Good-bye"), (comments_of(SolutionFactory()), "Hello")):
        answer = commented(program, at, "build-41", text)
        assert (answer.status_code, answer["Content-Type"]) == (422, PROBLEM)
    assert Comment.objects.count() == 1


def test_a_key_is_ones_own_and_lasts_a_day(db: None) -> None:
    solution = SolutionFactory()
    one, two = (Program(UserFactory(second_line=True), writes=True) for _ in range(2))
    for program in (one, two):
        assert "Idempotency-Replayed" not in commented(program, comments_of(solution), "build-41")
    with after(hours=23):
        forget_answered_calls()
        assert "Idempotency-Replayed" in commented(one, comments_of(solution), "build-41")
    with after(hours=25):
        assert "Idempotency-Replayed" not in commented(one, comments_of(solution), "build-41")
        forget_answered_calls()
    assert AnsweredCall.objects.get().person == one.person


def test_what_was_refused_may_be_sent_again(db: None) -> None:
    program, solution = Program(UserFactory(second_line=True), writes=True), SolutionFactory()
    assert commented(program, comments_of(solution), "build-41", "").status_code == 400
    assert commented(program, comments_of(solution), "build-41").status_code == 201


@pytest.mark.parametrize("key", ["", " ", "x" * 256])
def test_a_key_that_is_none_is_refused(db: None, key: str) -> None:
    program = Program(UserFactory(second_line=True), writes=True)
    assert commented(program, comments_of(SolutionFactory()), key).status_code == 400
    assert not Comment.objects.exists()


def test_a_file_is_added_once(db: None) -> None:
    program = Program(UserFactory(second_line=True), writes=True)

    def added(content: bytes) -> Any:
        said = {"kind": "document", "title": "Report", "effective_from": "2026-01-01T00:00Z"}
        file = SimpleUploadedFile("report.txt", content, "text/plain")
        said |= {"effective_to": "2026-02-01T00:00Z", "file": file}  # type: ignore[dict-item]
        return program.post("/api/v1/evidence/add/", said, headers={"Idempotency-Key": "build-41"})

    first, again, other = added(b"Nothing found.\n"), added(b"Nothing found.\n"), added(b"Something found.\n")
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422), first.content
    assert first.json()["id"] == again.json()["id"]
    assert Evidence.objects.count() == 1


def test_a_key_costs_four_queries(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    program, solution = Program(UserFactory(second_line=True), writes=True), SolutionFactory()
    commented(program, comments_of(solution), "build-41")
    with django_assert_num_queries(6):
        commented(program, comments_of(solution), "build-41")


def test_two_at_once_are_done_once(committed_database: Clone) -> None:
    program, solution = Program(UserFactory(second_line=True), writes=True), SolutionFactory()
    answers: list[Any] = []

    def call() -> None:
        answers.append(commented(program, comments_of(solution), "build-41"))
        connection.close()

    calls = [Thread(target=call) for _ in range(3)]
    for one in calls:
        one.start()
    for one in calls:
        one.join()
    assert [one.status_code for one in answers] == [201, 201, 201]
    assert len({one.json()["id"] for one in answers}) == 1
    assert Comment.objects.count() == 1

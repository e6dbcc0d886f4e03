"""The API says and does of discussions what the pages say and do."""

from __future__ import annotations

import pytest

from desk.models import Comment
from organisation.models import Solution
from tests.conftest import LoggedIn, LogIn
from tests.factories import CommentFactory, SolutionFactory, UserFactory

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def payments() -> Solution:
    return SolutionFactory(name="Payments")


def of(solution: Solution, part: str) -> str:
    return f"/api/v1/subjects/solution/{solution.public_id}/{part}/"


def test_a_comment_is_written_and_read(second_line: LoggedIn, payments: Solution) -> None:
    bo = UserFactory(name="Bo", third_line=True)
    answer = second_line.post(of(payments, "comments"), {"text": "Look, @Bo"}, JSON)
    assert answer.status_code == 201
    made = Comment.objects.get()
    expected = {
        "id": made.public_id,
        "kind": "solution",
        "subject": payments.public_id,
        "author": {"id": second_line.person.public_id, "name": second_line.person.name},
        "text": "Look, @Bo",
        "mentions": [{"id": bo.public_id, "name": "Bo"}],
        "withdrawn_at": None,
        "withdrawn_because": "",
    }
    assert {key: value for key, value in answer.json().items() if key != "at"} == expected
    CommentFactory(subject=payments.public_id, text="The latest")
    rows = second_line.get(of(payments, "comments")).json()["results"]
    assert [one["text"] for one in rows] == ["The latest", "Look, @Bo"]


def test_a_mention_in_vain_is_refused_in_words(second_line: LoggedIn, payments: Solution) -> None:
    UserFactory(name="Cy", administrator=True)
    answer = second_line.post(of(payments, "comments"), {"text": "@Cy"}, JSON)
    assert answer.status_code == 400
    refusal = f"Cy may not see {payments.public_id}, so nobody is told. Mention people who work on it or oversee it."
    assert answer.json()["errors"] == {"text": [refusal]}
    assert second_line.post(of(payments, "comments"), {}, JSON).status_code == 400


def test_the_third_line_reads_and_watches_only(third_line: LoggedIn, payments: Solution) -> None:
    assert third_line.get(of(payments, "comments")).status_code == 200
    assert third_line.post(of(payments, "comments"), {"text": "Hm"}, JSON).status_code == 403
    me = {"id": third_line.person.public_id, "name": third_line.person.name}
    answer = third_line.put(of(payments, "watch"), {"watches": True}, JSON)
    assert answer.json() == {"watches": True, "watchers": [me]}
    assert third_line.get(of(payments, "watch")).json() == answer.json()
    third_line.put(of(payments, "watch"), {"watches": False}, JSON)
    assert third_line.get(of(payments, "watch")).json() == {"watches": False, "watchers": []}
    assert third_line.put(of(payments, "watch"), {}, JSON).status_code == 400


def test_what_is_not_theirs_is_not_found(log_in: LogIn, payments: Solution) -> None:
    stranger = log_in(first_line=True)
    assert stranger.post(of(payments, "comments"), {"text": "x"}, JSON).status_code == 404
    assert stranger.put(of(payments, "watch"), {"watches": True}, JSON).status_code == 404


def test_a_comment_is_withdrawn_by_who_wrote_it(log_in: LogIn, second_line: LoggedIn, payments: Solution) -> None:
    comment = CommentFactory(subject=payments.public_id, author=second_line.person)
    address = f"/api/v1/comments/{comment.public_id}/withdraw/"
    refused = log_in(second_line=True).post(address, {"because": "No"}, JSON)
    assert refused.json()["errors"] == {"refused": ["Only who wrote a comment withdraws it. Answer it instead."]}
    assert log_in(first_line=True).post(address, {"because": "No"}, JSON).status_code == 404
    answer = second_line.post(address, {"because": "Wrong solution"}, JSON)
    assert (answer.status_code, answer.json()["withdrawn_because"]) == (200, "Wrong solution")


def test_whom_one_may_mention_is_told_by_the_beginning_of_a_name(
    second_line: LoggedIn, third_line: LoggedIn, payments: Solution
) -> None:
    bo = UserFactory(name="Bo", third_line=True)
    UserFactory(name="Boris", administrator=True)
    assert second_line.get(of(payments, "people"), {"mention": "bo"}).json() == [
        {"id": bo.public_id, "name": "Bo", "line": "third"}
    ]
    assert third_line.get(of(payments, "people"), {"mention": "bo"}).json() == []

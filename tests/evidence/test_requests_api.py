"""Requests and attestations through the API: the same verbs, the same refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit import clock
from controls.models import Control, Verdict
from evidence.models import Evidence, EvidenceRequest
from organisation.models import Solution, User
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory
from tests.factories.evidence import AttestationFactory, EvidenceFactory, EvidenceRequestFactory

pytestmark = pytest.mark.django_db


class Story:
    """Ana owns a control of Payments, on which Ben works too; Kim audits."""

    def __init__(self) -> None:
        self.payments: Solution = SolutionFactory(name="Payments")
        self.ana: User = UserFactory(name="Ana", first_line=True, owns=[self.payments])
        self.ben: User = GrantFactory(person__name="Ben", solution=self.payments).person
        self.kim: User = UserFactory(name="Kim", third_line=True)
        told = {"name": "Leavers lose access", "solution": self.payments, "owner": self.ana}
        self.control: Control = ControlFactory(manual=True, frequency="quarterly", **told)


@pytest.fixture
def story() -> Story:
    return Story()


def post(browser: LoggedIn, path: str, **said: Any) -> Any:
    return browser.post(f"/api/v1/{path}", said, content_type="application/json")


def test_evidence_is_asked_passed_on_answered_sent_back_and_accepted(log_in: LogIn, story: Story) -> None:
    ana, ben, kim = (log_in(one) for one in (story.ana, story.ben, story.kim))
    now = clock.now()
    said = {
        "title": "List of leavers", "control": story.control.public_id, "assignee": story.ana.public_id,
        "due_on": (now + timedelta(days=9)).date().isoformat(), "period_from": (now - timedelta(days=30)).isoformat(),
        "period_to": now.isoformat(),
    }  # fmt: skip
    made = post(kim, "evidence-requests/ask/", **said)
    assert made.status_code == 201
    told = made.json()
    assert (told["state"], told["solution"]["name"], told["assignee"]["name"]) == ("asked", "Payments", "Ana")
    one = f"evidence-requests/{told['id']}/"
    piece = EvidenceFactory(solution=story.payments)
    assert post(ana, f"{one}pass-on/", to=story.ben.public_id).json()["assignee"]["name"] == "Ben"
    refused = post(ana, f"{one}answer/", words="Here")
    assert refused.json()["errors"] == {"refused": ["Ben is asked, and answers or passes it on."]}
    assert post(ben, f"{one}answer/").json()["errors"] == {
        "words": ["Attach a piece of evidence, or say why there is none."]
    }
    assert post(ben, f"{one}answer/", evidence=[piece.public_id]).json()["state"] == "answered"
    assert post(kim, f"{one}settle/", move="returned").status_code == 400
    assert post(kim, f"{one}settle/", move="returned", because="May?").json()["state"] == "returned"
    assert post(ben, f"{one}answer/", words="With May", version=99).status_code == 409
    post(ben, f"{one}answer/", words="With May")
    assert post(kim, f"{one}settle/", move="accepted").json()["state"] == "accepted"
    steps = kim.get(f"/api/v1/{one}").json()["steps"]
    assert [step["kind"] for step in steps] == ["asked", "passed_on", "answered", "returned", "answered", "accepted"]
    assert steps[2]["evidence"] == [piece.public_id]
    assert [row["id"] for row in kim.get("/api/v1/evidence-requests/").json()["results"]] == [told["id"]]


def test_an_answer_brings_a_file_and_names_what_its_page_offers(log_in: LogIn, story: Story) -> None:
    request = EvidenceRequestFactory(solution=story.payments, assignee=story.ana, title="List of leavers")
    ana, url = log_in(story.ana), f"/api/v1/evidence-requests/{request.public_id}/answer/"
    elsewhere = EvidenceFactory(solution=SolutionFactory())
    assert post(ana, url.removeprefix("/api/v1/"), evidence=[elsewhere.public_id]).status_code == 404
    answer = ana.post(url, {"file": SimpleUploadedFile("leavers.txt", b"Of June"), "words": "Here", "version": "1"})
    assert (answer.status_code, answer.json()["state"]) == (200, "answered")
    piece = Evidence.objects.get(title="List of leavers")
    assert list(request.steps.get(kind="answered").evidence.all()) == [piece]
    assert (piece.captured_by, piece.solution, piece.file_name) == (story.ana, story.payments, "leavers.txt")


def test_a_statement_brings_a_file_and_names_what_its_page_offers(log_in: LogIn, story: Story) -> None:
    asked = AttestationFactory(control=story.control, solution=story.payments, asked_of=story.ana, asked_by=story.kim)
    ana, path = log_in(story.ana), f"attestations/{asked.public_id}/give/"
    elsewhere = EvidenceFactory(solution=SolutionFactory())
    assert post(ana, path, holds=True, basis="I looked", evidence=[elsewhere.public_id]).status_code == 404
    said = {"holds": "true", "basis": "I looked", "file": SimpleUploadedFile("seen.txt", b"All of them")}
    given = ana.post(f"/api/v1/{path}", said)
    piece = Evidence.objects.get(title="Leavers lose access")
    assert (given.status_code, given.json()["state"], list(asked.evidence.all())) == (200, "so", [piece])


def test_the_lists_are_narrowed_as_on_their_pages(log_in: LogIn, story: Story) -> None:
    mine = EvidenceRequestFactory(solution=story.payments, assignee=story.ana, asked_by=story.kim, title="Leavers")
    EvidenceRequestFactory()
    stated = AttestationFactory(control=story.control, asked_of=story.ana, asked_by=story.kim)
    AttestationFactory()
    kim = log_in(story.kim)
    for path, row, queries in (
        ("evidence-requests/", mine, ("mine=asked", "q=leavers", f"who={story.ana.public_id}")),
        ("attestations/", stated, ("mine=asked", f"control={story.control.public_id}", f"who={story.ana.public_id}")),
    ):
        assert len(kim.get(f"/api/v1/{path}").json()["results"]) == 2
        for query in queries:
            (found,) = kim.get(f"/api/v1/{path}?{query}").json()["results"]
            assert found["id"] == row.public_id
        assert kim.get(f"/api/v1/{path}?state=none").status_code == 400


def test_half_a_period_is_refused(log_in: LogIn, story: Story) -> None:
    said = {"title": "A", "assignee": story.ana.public_id, "due_on": "2099-01-01", "period_to": "2026-01-01T00:00Z"}
    answer = post(log_in(story.kim), "evidence-requests/ask/", **said)
    assert answer.json()["errors"] == {"period_to": ["Say both ends of the period, or neither."]}


def test_what_is_not_theirs_is_not_found(log_in: LogIn, story: Story) -> None:
    request = EvidenceRequestFactory(solution=story.payments)
    stranger = log_in(UserFactory(first_line=True))
    for verb in ("answer", "pass-on"):
        said = {"words": "Here", "to": story.ana.public_id}
        assert post(stranger, f"evidence-requests/{request.public_id}/{verb}/", **said).status_code == 404
    assert stranger.get("/api/v1/evidence-requests/").json()["results"] == []
    assert post(log_in(story.ana), f"evidence-requests/{request.public_id}/settle/", move="accepted").status_code == 403


def test_a_statement_is_asked_given_and_withdrawn(log_in: LogIn, story: Story) -> None:
    ana, kim, now = log_in(story.ana), log_in(story.kim), clock.now()
    said = {
        "control": story.control.public_id, "statement": "So it was", "asked_of": story.ana.public_id,
        "period_from": (now - timedelta(days=30)).isoformat(), "period_to": now.isoformat(),
    }  # fmt: skip
    made = post(kim, "attestations/ask/", **said)
    assert (made.status_code, made.json()["state"]) == (201, "awaited")
    one = f"attestations/{made.json()['id']}/"
    assert post(log_in(story.ben), f"{one}give/", holds=True, basis="I looked").json()["errors"] == {
        "refused": ["Ana is asked, and nobody else states it."]
    }
    piece = EvidenceFactory(solution=story.payments)
    given = post(ana, f"{one}give/", holds=True, basis="I looked", evidence=[piece.public_id]).json()
    assert (given["state"], given["verdict"]) == ("so", Verdict.objects.get().public_id)
    assert kim.get(f"/api/v1/{one}").json()["evidence"] == [piece.public_id]
    assert post(kim, f"{one}call-off/", because="No").status_code == 400
    assert post(ana, f"{one}withdraw/", because="Wrong list").json()["state"] == "withdrawn"


def test_a_statement_is_made_of_ones_own_accord(log_in: LogIn, story: Story) -> None:
    now = clock.now()
    said = {
        "control": story.control.public_id, "statement": "So it was", "holds": False, "basis": "I looked",
        "period_from": (now - timedelta(days=30)).isoformat(), "period_to": now.isoformat(),
    }  # fmt: skip
    made = post(log_in(story.ana), "attestations/state/", **said)
    assert (made.status_code, made.json()["state"]) == (201, "not_so")
    assert Verdict.objects.get().result == "failing"
    then = (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert log_in(story.kim).get(f"/api/v1/attestations/?as_of={then}").json()["results"] == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    log_in: LogIn, story: Story, count: int, django_assert_num_queries: Any
) -> None:
    EvidenceRequestFactory.create_batch(count)
    browser = log_in(story.kim)
    with django_assert_num_queries(7):
        assert len(browser.get("/api/v1/evidence-requests/").json()["results"]) == count
    assert EvidenceRequest.objects.count() == count

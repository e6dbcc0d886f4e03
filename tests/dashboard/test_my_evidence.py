"""My items: evidence is given, and passed on, where it stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from audit import clock
from evidence import requests
from evidence.models import Evidence, EvidenceRequest
from organisation.models import Solution, User
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory
from tests.factories.evidence import AttestationFactory, EvidenceRequestFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
PAGE = "/my-items/"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def payments() -> Solution:
    return SolutionFactory(name="Payments")


@pytest.fixture
def ana(log_in: LogIn, payments: Solution) -> LoggedIn:
    return log_in(UserFactory(name="Ana", first_line=True, owns=[payments]))


def asked(person: User, solution: Solution, **told: Any) -> EvidenceRequest:
    return EvidenceRequestFactory(title="List of leavers", solution=solution, assignee=person, **told)


def items(answer: Any) -> list[tuple[str, str]]:
    return [(item.kind.value, item.name) for item in answer.context["page"].rows]


def say(browser: LoggedIn, request: EvidenceRequest, **said: Any) -> Any:
    return browser.post(f"/my-items/requests/{request.public_id}/", said, headers=HTMX)


def test_what_is_asked_of_me_awaits_me(log_in: LogIn, ana: LoggedIn, payments: Solution) -> None:
    control = ControlFactory(name="Leavers lose access", manual=True, solution=payments)
    yesterday = clock.now().date() - timedelta(days=1)
    asked(ana.person, payments, due_on=yesterday)
    asked(UserFactory(first_line=True), payments)
    AttestationFactory(control=control, solution=payments, asked_of=ana.person)
    page = ana.get(PAGE)
    assert title(page) == "2 items await you, 1 overdue"
    assert items(page) == [("request", "List of leavers"), ("attestation", "Leavers lose access")]
    assert items(ana.get(f"{PAGE}?kind=attestation")) == [("attestation", "Leavers lose access")]


def test_an_answer_awaits_the_second_line_that_asked(log_in: LogIn, ana: LoggedIn, payments: Solution) -> None:
    second = log_in(second_line=True)
    request = asked(ana.person, payments, asked_by=second.person)
    assert title(second.get(PAGE)) == "Nothing awaits you"
    requests.answer(request, by=ana.person, words="Here")
    assert items(second.get(PAGE)) == [("request", "List of leavers")]
    assert "answered: accept it, or send it back" in words(second.get(PAGE))
    assert title(ana.get(PAGE)) == "Nothing awaits you"


def test_it_is_answered_in_place_with_a_file(ana: LoggedIn, payments: Solution) -> None:
    request = asked(ana.person, payments, what="All of June")
    row = ana.get(f"/my-items/requests/{request.public_id}/", headers=HTMX)
    assert "All of June" in words(row)
    empty = say(ana, request, form="answer", version=request.version)
    assert (empty.status_code, "Attach a piece of evidence" in words(empty)) == (422, True)
    file = SimpleUploadedFile("leavers.csv", b"name\nRobin\n")
    done = say(ana, request, form="answer", version=request.version, file=file, words="Here")
    assert (done.status_code, "Answered." in words(done)) == (200, True)
    request.refresh_from_db()
    assert (request.state, Evidence.objects.get().title) == ("answered", "List of leavers")


def test_it_is_passed_on_in_place(ana: LoggedIn, payments: Solution) -> None:
    ben = GrantFactory(person__name="Ben", solution=payments).person
    request = asked(ana.person, payments)
    done = say(ana, request, form="pass_on", version=request.version, to=ben.pk)
    assert "Passed on to Ben." in words(done)
    request.refresh_from_db()
    assert request.assignee == ben


def test_what_was_moved_meanwhile_is_refused_in_place(ana: LoggedIn, payments: Solution) -> None:
    request = asked(ana.person, payments)
    refused = say(ana, request, form="answer", version=99, words="Here")
    assert (refused.status_code, "look again" in words(refused)) == (422, True)
    assert say(ana, request, form="other").status_code == 404


def test_without_scripts_the_row_leads_to_the_request(ana: LoggedIn, payments: Solution) -> None:
    request = asked(ana.person, payments)
    assert ana.get(f"/my-items/requests/{request.public_id}/")["Location"] == f"/evidence/requests/{request.public_id}/"


@pytest.mark.parametrize("count", [1, 3])
def test_requests_cost_the_same_for_any_number(
    ana: LoggedIn, payments: Solution, count: int, django_assert_num_queries: Any
) -> None:
    for _n in range(count):
        asked(ana.person, payments)
        AttestationFactory(solution=payments, asked_of=ana.person)
    ana.get(PAGE)
    with django_assert_num_queries(33):
        assert len(ana.get(PAGE).context["page"].rows) == 2 * count

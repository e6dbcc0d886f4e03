"""Evidence is asked for, answered, passed on, sent back and accepted; every refusal says why and who may."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit import clock
from audit.models import TrailEntry
from desk.models import Notice
from evidence.models import Evidence, EvidenceLink, EvidenceRequest, RequestStep
from evidence.tasks import remind
from tests.clock import at
from tests.conftest import LogIn
from tests.evidence.asking import ASK, Story, asking, post
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory
from tests.factories.evidence import EvidenceFactory, EvidenceRequestFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
Kind = RequestStep.Kind


@pytest.fixture
def story() -> Story:
    return Story()


def test_an_auditor_asks_an_engineer_answers_and_the_auditor_accepts(log_in: LogIn, story: Story) -> None:
    ana, kim = log_in(story.ana), log_in(story.kim)
    form = kim.get(f"{ASK}?control={story.control.public_id}")
    assert form.context["form"].initial["assignee"] == story.ana
    asked = kim.post(ASK, asking(story), follow=True)
    request = EvidenceRequest.objects.get()
    assert title(asked) == "List of leavers"
    assert "Ana answers it, or passes it on to a colleague." in words(asked)
    notice = Notice.objects.get(person=story.ana)
    assert notice.text.startswith("Kim asks for evidence: List of leavers, due on")
    assert notice.mail == "now"

    file = SimpleUploadedFile("leavers.csv", b"name,left\nRobin,2026-06-03\n")
    answered = post(ana, request, "answer", words="The whole of June", file=file, file_title="Leavers in June")
    piece = Evidence.objects.get()
    assert f"{piece.public_id} Leavers in June leavers.csv" in words(answered)
    assert (piece.captured_by, piece.solution) == (story.ana, story.payments)
    assert EvidenceLink.objects.get().control == story.control
    assert "Ana answered" in Notice.objects.get(person=story.kim).text

    accepted = post(kim, request, "accept")
    request.refresh_from_db()
    assert (request.state, request.ended_at is not None) == ("accepted", True)
    assert "Accepted" in words(accepted)
    assert [step.kind for step in request.steps.all()] == ["asked", "answered", "accepted"]
    done = TrailEntry.objects.filter(kind="evidencerequest").order_by("pk").values_list("action", flat=True)
    assert list(done) == ["evidence_request.asked", "evidence_request.answered", "evidence_request.accepted"]
    assert post(ana, request, "answer", words="More").context["messages"] is not None
    assert request.steps.count() == 3


def test_words_answer_too_and_nothing_at_all_does_not(log_in: LogIn, story: Story) -> None:
    request, ana = story.asked(), log_in(story.ana)
    empty = post(ana, request, "answer")
    assert (empty.status_code, request.steps.count()) == (422, 1)
    assert "Attach a piece of evidence, or say why there is none." in words(empty)
    post(ana, request, "answer", words="There is none, because nobody left.")
    request.refresh_from_db()
    assert request.state == "answered"


def test_a_piece_of_the_locker_answers_as_far_as_the_answerer_sees_it(log_in: LogIn, story: Story) -> None:
    request, ana = story.asked(), log_in(story.ana)
    seen = EvidenceFactory(title="Leavers", solution=story.payments)
    hidden = EvidenceFactory(title="Pay", solution=story.payments, confidentiality="restricted")
    form = ana.get(reverse("evidence:request_answer", args=[request.public_id]))
    assert "Leavers" in words(form)
    assert "Pay " not in words(form).replace("Payments", "")
    assert post(ana, request, "answer", evidence=[hidden.pk]).status_code == 422
    post(ana, request, "answer", evidence=[seen.pk])
    assert list(RequestStep.objects.get(kind=Kind.ANSWERED).evidence.all()) == [seen]
    assert EvidenceLink.objects.get(evidence=seen).because == request.public_id


def test_evidence_that_a_reader_may_not_see_is_counted_and_not_named(log_in: LogIn, story: Story) -> None:
    request = story.asked(from_outside=True)
    piece = EvidenceFactory(title="Pay slips", solution=story.payments, confidentiality="confidential")
    post(log_in(story.ana), request, "answer", evidence=[piece.pk])
    outside = UserFactory(external=True)
    GrantFactory(person=outside, solution=story.payments, kind="assurance")
    page = log_in(outside).get(reverse("evidence:request", args=[request.public_id]))
    assert "1 piece that is not yours to see" in words(page)
    assert "Pay slips" not in words(page)


def test_it_is_passed_on_and_the_thread_says_so(log_in: LogIn, story: Story) -> None:
    request = story.asked()
    page = post(log_in(story.ana), request, "pass_on", to=story.ben.pk, words="You keep the list")
    request.refresh_from_db()
    assert request.assignee == story.ben
    assert "passed it on Ana › Ben" in words(page)
    assert {one.person for one in Notice.objects.all()} == {story.ben, story.kim}
    assert "answers or passes it on" in words(post(log_in(story.ana), request, "answer", words="Here"))
    post(log_in(story.ben), request, "answer", words="Here")
    request.refresh_from_db()
    assert request.state == "answered"


def test_it_is_passed_on_only_to_who_may_be_asked(log_in: LogIn, story: Story) -> None:
    request = story.asked()
    for other in (story.dee, story.kim):
        assert post(log_in(story.ana), request, "pass_on", to=other.pk).status_code == 422
    request.refresh_from_db()
    assert request.assignee == story.ana


def test_it_is_sent_back_with_a_reason_and_answered_again(log_in: LogIn, story: Story) -> None:
    request, kim = story.asked(), log_in(story.kim)
    assert "Nobody has answered it yet: Ana is asked." in words(post(kim, request, "accept"))
    post(log_in(story.ana), request, "answer", words="Here")
    assert post(kim, request, "return").status_code == 422
    later = (clock.now() + timedelta(days=30)).date()
    post(kim, request, "return", because="May is missing", due_on=later)
    request.refresh_from_db()
    assert (request.state, request.due_on) == ("returned", later)
    assert "May is missing" in Notice.objects.filter(person=story.ana).latest("pk").text
    post(log_in(story.ana), request, "answer", words="With May")
    post(kim, request, "accept")
    request.refresh_from_db()
    assert request.state == "accepted"


def test_colleagues_of_the_asker_settle_it_and_nobody_else(log_in: LogIn, story: Story) -> None:
    request = story.asked()
    post(log_in(story.ana), request, "answer", words="Here")
    refused = post(log_in(story.ines), request, "accept")
    assert "Kim asked for it, and settles it; so may colleagues of the same line." in words(refused)
    assert post(log_in(story.ana), request, "accept").status_code == 403
    post(log_in(story.lou), request, "accept")
    request.refresh_from_db()
    assert request.state == "accepted"


def test_who_answered_does_not_accept_though_their_line_asked(log_in: LogIn, story: Story) -> None:
    asker = UserFactory(name="Olaf", second_line=True)
    request = story.asked(asked_by=asker, assignee=story.ines)
    post(log_in(story.ines), request, "answer", words="Here")
    assert "You answered it, or are asked for it" in words(post(log_in(story.ines), request, "accept"))
    request.refresh_from_db()
    assert request.state == "answered"


def test_it_is_withdrawn_with_a_reason(log_in: LogIn, story: Story) -> None:
    request = story.asked()
    post(log_in(story.kim), request, "withdraw", because="Found it")
    request.refresh_from_db()
    assert request.state == "withdrawn"
    assert "Kim withdrew" in Notice.objects.get(person=story.ana).text
    assert "is withdrawn, and stays so" in words(post(log_in(story.ana), request, "answer", words="Here"))


def test_what_somebody_moved_meanwhile_is_not_moved(log_in: LogIn, story: Story) -> None:
    request = story.asked()
    url = reverse("evidence:request_answer", args=[request.public_id])
    answer = log_in(story.ana).post(url, {"version": 99, "words": "Here"})
    assert answer.status_code == 422
    assert "Somebody moved" in words(answer)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"assignee": "dee"}, "Dee has no part in this. Those who may be asked: Ana, Ben, Ines."),
        ({"due_on": "2020-01-01"}, "This day is over."),
        ({"period_to": ""}, "Say both days of the period, or neither."),
        ({"period_to": "2026-05-01"}, "It would end before it begins."),
        ({"requirement": "RQ-999999"}, "There is no requirement with this id."),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(log_in: LogIn, story: Story, said: Any, why: str) -> None:
    if "assignee" in said:
        said = {"assignee": story.dee.pk}
        GrantFactory(person=story.dee)
    page = log_in(story.kim).post(ASK, asking(story, **said))
    assert page.status_code == 422
    assert why in words(page)
    assert not EvidenceRequest.objects.exists()


def test_a_reader_from_outside_asks_about_what_they_audit(log_in: LogIn, story: Story) -> None:
    outside = UserFactory(name="Uma", external=True)
    begin, end = clock.now() - timedelta(days=200), clock.now() - timedelta(days=100)
    GrantFactory(person=outside, solution=story.payments, kind="assurance", about_from=begin, about_to=end)
    browser = log_in(outside)
    other = ControlFactory(solution=SolutionFactory())
    assert browser.post(ASK, asking(story, control=other.pk)).status_code == 422
    late = browser.post(ASK, asking(story, control="", period_from="2020-01-01", period_to="2020-02-01"))
    assert "You audit from" in words(late)
    browser.post(ASK, asking(story, period_from="", period_to=""))
    request = EvidenceRequest.objects.get()
    assert (request.from_outside, request.period_from, request.period_to) == (True, begin, end)
    post(log_in(story.ana), request, "answer", words="Here")
    assert "Uma asked for it" in words(post(log_in(story.kim), request, "accept"))
    post(browser, request, "accept")
    request.refresh_from_db()
    assert request.state == "accepted"


def test_the_first_line_asks_nobody(log_in: LogIn, story: Story) -> None:
    assert log_in(story.ana).get(ASK).status_code == 403


def test_it_is_discussed_in_one_thread(log_in: LogIn, story: Story) -> None:
    request = story.asked()
    url = reverse("desk:comment", args=["evidencerequest", request.public_id])
    log_in(story.ana).post(url, {"text": "By Friday"})
    page = log_in(story.kim).get(reverse("desk:discussion", args=["evidencerequest", request.public_id]))
    assert "By Friday" in words(page)
    assert (
        log_in(story.dee).get(reverse("desk:discussion", args=["evidencerequest", request.public_id])).status_code
        == 404
    )


def test_the_list_answers_how_many_are_open_and_overdue(log_in: LogIn, story: Story) -> None:
    yesterday = clock.now().date() - timedelta(days=1)
    late, answered = story.asked(title="Late", due_on=yesterday), story.asked(title="Answered", due_on=yesterday)
    story.asked(title="In time")
    post(log_in(story.ana), answered, "answer", words="Here")
    kim = log_in(story.kim)
    page = kim.get("/evidence/requests/")
    assert title(page) == "3 requests open, 1 overdue, 1 answered"
    assert [row["request"].title for row in page.context["rows"]] == ["Late", "Answered", "In time"]
    for query, found in (
        ("overdue=yes", [late]),
        ("state=answered", [answered]),
        ("mine=answer", []),
        (f"control={story.control.public_id}&q=late", [late]),
        (f"who={story.ana.public_id}&order=-due&state=open&q=Late", [late]),
        ("q=" + answered.public_id, [answered]),
    ):
        assert [row["request"] for row in kim.get(f"/evidence/requests/?{query}").context["rows"]] == found, query
    assert kim.get("/evidence/requests/?state=lost").status_code == 400
    assert len(log_in(story.ana).get("/evidence/requests/?mine=answer").context["rows"]) == 2
    assert title(log_in(story.dee).get("/evidence/requests/")) == "No request is open"


def test_the_list_leaves_as_a_file(log_in: LogIn, story: Story) -> None:
    story.asked(title="=HYPERLINK()")
    lines = log_in(story.kim).get("/evidence/requests/export/csv/").content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "'=HYPERLINK()" in lines[1]
    assert log_in(story.kim).get("/evidence/requests/export/xlsx/").content.startswith(b"PK")
    assert log_in(story.kim).get("/evidence/requests/export/pdf/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    log_in: LogIn, story: Story, count: int, django_assert_num_queries: Any
) -> None:
    EvidenceRequestFactory.create_batch(count)
    browser = log_in(story.kim)
    browser.get("/evidence/requests/")
    with django_assert_num_queries(13):
        assert len(browser.get("/evidence/requests/").context["rows"]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_a_request_costs_the_same_for_any_number_of_steps(
    log_in: LogIn, story: Story, count: int, django_assert_num_queries: Any
) -> None:
    request = story.asked()
    for n in range(count):
        piece = EvidenceFactory(solution=story.payments)
        post(log_in(story.ana), request, "answer", words=f"Part {n}", evidence=[piece.pk])
    browser = log_in(story.kim)
    with django_assert_num_queries(12):
        page = browser.get(reverse("evidence:request", args=[request.public_id]))
    assert len(page.context["steps"]) == count + 1


def test_the_past_shows_who_was_asked_and_by_when_then(log_in: LogIn, story: Story) -> None:
    with at("2026-03-01"):
        request = story.asked(due_on=date(2026, 3, 10))
    with at("2026-03-05"):
        post(log_in(story.ana), request, "pass_on", to=story.ben.pk)
        post(log_in(story.ben), request, "answer", words="Here")
        post(log_in(story.kim), request, "return", because="More", due_on="2026-03-20")
    with at("2026-03-21"):
        kim = log_in(story.kim)
        one = f"/evidence/requests/{request.public_id}/"
        then = kim.get(f"{one}?as_of=2026-03-03")
        assert (then.context["found"].assignee, then.context["found"].due_on) == (story.ana, date(2026, 3, 10))
        assert (then.context["stands"], len(then.context["steps"]), then.context["buttons"]) == ("asked", 1, [])
        now = kim.get(one)
        assert (now.context["found"].assignee, now.context["stands"], now.context["is_overdue"]) == (
            story.ben, "returned", True,
        )  # fmt: skip
        assert title(kim.get("/evidence/requests/?as_of=2026-03-03")) == "1 request open"


def test_reminders_come_once_each_and_the_asker_hears_of_what_is_overdue(log_in: LogIn, story: Story) -> None:
    with at("2026-03-01"):
        story.asked(due_on=date(2026, 3, 11))
        short = story.asked(title="Soon", due_on=date(2026, 3, 3))
    told = []
    for day in ("2026-03-01", "2026-03-02", "2026-03-04", "2026-03-10", "2026-03-12", "2026-03-13"):
        with at(day):
            remind()
            remind()
            told.append(list(Notice.objects.order_by("pk").values_list("kind", "person__name")))
    assert told[0] == []
    assert told[1] == [("evidence_request_1", "Ana")]
    assert told[2][1:] == [
        ("evidence_request_7", "Ana"), ("evidence_request_overdue", "Ana"), ("evidence_request_overdue_asker", "Kim"),
    ]  # fmt: skip
    assert told[3][4:] == [("evidence_request_1", "Ana")]
    assert told[4][5:] == [("evidence_request_overdue", "Ana"), ("evidence_request_overdue_asker", "Kim")]
    assert told[5] == told[4]
    assert Notice.objects.filter(subject=short.public_id).count() == 3


def test_what_is_answered_reminds_nobody(log_in: LogIn, story: Story) -> None:
    with at("2026-03-01"):
        request = story.asked(due_on=date(2026, 3, 3))
        post(log_in(story.ana), request, "answer", words="Here")
    with at("2026-03-10"):
        Notice.objects.all().delete()
        remind()
        assert not Notice.objects.exists()

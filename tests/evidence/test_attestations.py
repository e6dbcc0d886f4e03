"""Attestations: asked of one person, given by that person alone, written to the ledger, withdrawn, expiring."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from audit import clock
from audit.models import TrailEntry
from controls.models import Control, Verdict
from desk.models import Notice
from evidence import reminding
from evidence.models import Attestation
from organisation.models import Solution, User
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory
from tests.factories.evidence import AttestationFactory, EvidenceFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db


class Story:
    """Ana owns a control of Payments, which works quarterly; Ines oversees it, Kim audits it."""

    def __init__(self) -> None:
        self.payments: Solution = SolutionFactory(name="Payments")
        self.ana: User = UserFactory(name="Ana", first_line=True, owns=[self.payments])
        self.dee: User = UserFactory(name="Dee", first_line=True)
        self.ines: User = UserFactory(name="Ines", second_line=True)
        self.kim: User = UserFactory(name="Kim", third_line=True)
        told = {"name": "Leavers lose access", "solution": self.payments, "owner": self.ana}
        self.control: Control = ControlFactory(manual=True, frequency="quarterly", **told)

    def asked(self, **told: Any) -> Attestation:
        said = {"asked_by": self.kim, "asked_of": self.ana, "solution": self.payments}
        return AttestationFactory(control=self.control, **(said | told))


@pytest.fixture
def story() -> Story:
    return Story()


def post(browser: LoggedIn, one: Attestation, verb: str, **said: Any) -> Any:
    return browser.post(reverse(f"evidence:attestation_{verb}", args=[one.public_id]), said, follow=True)


def ask(browser: LoggedIn, story: Story, **said: Any) -> Any:
    url = f"/evidence/attestations/of/{story.control.public_id}/ask/"
    whole = {
        "statement": "Access went within a day", "asked_of": story.ana.pk, "due_on": clock.now().date(),
        "period_from": clock.now().date() - timedelta(days=30), "period_to": clock.now().date() - timedelta(days=1),
    }  # fmt: skip
    return browser.post(url, {**whole, **said}, follow=True)


def test_an_auditor_asks_and_the_owner_states_it_into_the_ledger(log_in: LogIn, story: Story) -> None:
    ana, kim = log_in(story.ana), log_in(story.kim)
    asked = ask(kim, story)
    one = Attestation.objects.get()
    assert title(asked) == "Leavers lose access: awaited"
    assert "Nothing yet. Ana alone states it." in words(asked)
    assert "Kim asks you to attest Leavers lose access" in Notice.objects.get(person=story.ana).text

    piece = EvidenceFactory(solution=story.payments)
    given = post(ana, one, "give", holds="yes", basis="The list of June", evidence=[piece.pk])
    one.refresh_from_db()
    assert title(given) == "Leavers lose access: so it was"
    verdict = Verdict.objects.get()
    assert (verdict.kind, verdict.result, verdict.said_by) == ("attestation", "passing", story.ana)
    assert (verdict.source_kind, verdict.source_id) == ("attestation", one.public_id)
    assert one.expires_at == verdict.fresh_until == one.period_to + story.control.lasts
    assert list(one.evidence.all()) == [piece]
    assert "Ana attested Leavers lose access" in Notice.objects.get(person=story.kim).text
    done = TrailEntry.objects.filter(kind="attestation").order_by("pk").values_list("action", flat=True)
    assert list(done) == ["attestation.asked", "attestation.given"]
    again = post(ana, one, "give", holds="no", basis="No")
    assert "It is given, and never edited" in words(again)


def test_what_was_not_so_fails_in_the_ledger(log_in: LogIn, story: Story) -> None:
    one = story.asked()
    post(log_in(story.ana), one, "give", holds="no", basis="Three were forgotten")
    assert Verdict.objects.get().result == "failing"


def test_only_who_is_asked_gives_it(log_in: LogIn, story: Story) -> None:
    one = story.asked()
    assert "Ana is asked, and nobody else states it." in words(post(log_in(story.ines), one, "give", holds="yes"))
    assert post(log_in(story.kim), one, "give", holds="yes").status_code == 403
    assert post(log_in(story.dee), one, "give", holds="yes").status_code == 404
    assert not Verdict.objects.exists()


def test_nobody_states_what_is_not_over_nor_for_longer_than_the_control_lasts(log_in: LogIn, story: Story) -> None:
    ana, now = log_in(story.ana), clock.now()
    early = story.asked(period_to=now + timedelta(days=3))
    assert "The period is not over before" in words(post(ana, early, "give", holds="yes", basis="So"))
    one = story.asked()
    later = (one.period_to + story.control.lasts + timedelta(days=3)).date()
    refused = post(ana, one, "give", holds="yes", basis="So", expires_on=later)
    assert refused.status_code == 422
    assert "is tested again by" in words(refused)
    old = story.asked(period_from=now - timedelta(days=400), period_to=now - timedelta(days=300))
    assert "It would have expired already" in words(post(ana, old, "give", holds="yes", basis="So"))
    assert not Verdict.objects.exists()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"asked_of": "dee"}, "Select a valid choice"),
        ({"due_on": "2020-01-01"}, "Nobody states it before the period is over"),
        ({"period_from": "2030-01-01"}, "It would end before it begins."),
        ({"statement": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(log_in: LogIn, story: Story, said: Any, why: str) -> None:
    said = {"asked_of": story.dee.pk} if "asked_of" in said else said
    page = ask(log_in(story.kim), story, **said)
    assert page.status_code == 422
    assert why in words(page)
    assert not Attestation.objects.exists()


def test_of_a_control_of_every_solution_only_who_works_there_is_asked(log_in: LogIn, story: Story) -> None:
    control = ControlFactory(manual=True, owner=story.ines)
    url = f"/evidence/attestations/of/{control.public_id}/ask/"
    day = clock.now().date()
    said = {
        "statement": "So", "solution": story.payments.pk, "due_on": day,
        "period_from": day - timedelta(days=9), "period_to": day - timedelta(days=1),
    }  # fmt: skip
    page = log_in(story.kim).post(url, {**said, "asked_of": story.dee.pk})
    assert "Dee does not speak for it there. Those who do: Ana, Ines." in words(page)
    log_in(story.kim).post(url, {**said, "asked_of": story.ana.pk})
    assert Attestation.objects.get().solution == story.payments


def test_it_is_given_of_ones_own_accord(log_in: LogIn, story: Story) -> None:
    url = f"/evidence/attestations/of/{story.control.public_id}/state/"
    day = clock.now().date()
    said = {
        "statement": "So it was", "period_from": day - timedelta(days=9), "period_to": day - timedelta(days=1),
        "holds": "yes", "basis": "I looked",
    }  # fmt: skip
    assert log_in(story.ana).get(url).status_code == 200
    page = log_in(story.ana).post(url, said, follow=True)
    one = Attestation.objects.get()
    assert (one.asked_by, one.asked_of, one.holds) == (story.ana, story.ana, True)
    assert "nobody: of one's own accord" in words(page)
    assert not Notice.objects.exists()
    assert log_in(story.kim).get(url).status_code == 403
    assert log_in(story.dee).get(url).status_code == 404


def test_withdrawn_it_withdraws_its_verdict(log_in: LogIn, story: Story) -> None:
    one, ana = story.asked(), log_in(story.ana)
    assert "It is not given yet" in words(post(ana, one, "withdraw", because="Wrong"))
    post(ana, one, "give", holds="yes", basis="The list of June")
    assert post(ana, one, "withdraw", because=" ").status_code == 422
    page = post(ana, one, "withdraw", because="The wrong list")
    assert title(page) == "Leavers lose access: withdrawn"
    verdict = Verdict.objects.get()
    assert verdict.withdrawn_because == f"{one.public_id}: The wrong list"
    assert "Ana withdrew" in Notice.objects.filter(person=story.kim).latest("pk").text


def test_it_is_called_off_by_the_line_that_asked(log_in: LogIn, story: Story) -> None:
    one = story.asked()
    assert "Kim asked for it, and calls it off" in words(post(log_in(story.ines), one, "call_off", because="No"))
    post(log_in(story.kim), one, "call_off", because="Not needed")
    one.refresh_from_db()
    assert one.withdrawn_because == "Not needed"
    assert "It was withdrawn" in words(post(log_in(story.ana), one, "give", holds="yes", basis="So"))


def test_reminders_come_once_each_and_the_asker_hears_of_what_is_overdue(story: Story) -> None:
    with at("2026-03-01"):
        one = story.asked(due_on=clock.now().date() + timedelta(days=10))
    kinds = []
    for day in ("2026-03-02", "2026-03-04", "2026-03-05", "2026-03-10", "2026-03-12", "2026-03-13"):
        with at(day):
            reminding.follow(clock.now())
            reminding.follow(clock.now())
            kinds.append(list(Notice.objects.order_by("pk").values_list("kind", "person")))
            Notice.objects.filter(subject=one.public_id).exists()
    ana, kim = story.ana.pk, story.kim.pk
    assert kinds[0] == []
    assert kinds[-1] == [
        ("attestation_7", ana), ("attestation_1", ana), ("attestation_overdue", ana),
        ("attestation_overdue_asker", kim),
    ]  # fmt: skip
    assert [len(one) for one in kinds] == [0, 1, 1, 2, 4, 4]


def test_what_expires_is_announced_and_awaits_its_giver(log_in: LogIn, story: Story) -> None:
    with at("2026-03-01"):
        one = story.asked()
        post(log_in(story.ana), one, "give", holds="yes", basis="The list")
    with at("2026-05-26"):
        reminding.follow(clock.now())
        reminding.follow(clock.now())
        told = Notice.objects.filter(kind__startswith="attestation_expires").values_list("kind", "person")
        assert sorted(told) == sorted(
            [("attestation_expires_7", story.ana.pk), ("attestation_expires_7", story.kim.pk)]
        )
        page = log_in(story.kim).get("/evidence/attestations/?expires=7")
        assert title(page) == "1 attestation holds, 1 expires within 30 days"


def test_the_list_says_what_is_awaited_and_exports_the_same(log_in: LogIn, story: Story) -> None:
    story.asked(due_on=clock.now().date() - timedelta(days=1))
    kim = log_in(story.kim)
    page = kim.get("/evidence/attestations/")
    assert title(page) == "0 attestations hold, 1 awaited, 1 overdue"
    assert len(kim.get("/evidence/attestations/?overdue=yes").context["rows"]) == 1
    assert len(kim.get("/evidence/attestations/?state=so").context["rows"]) == 0
    lines = kim.get("/evidence/attestations/export/csv/").content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "Leavers lose access" in lines[1]
    assert len(log_in(story.dee).get("/evidence/attestations/").context["rows"]) == 0


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    log_in: LogIn, story: Story, count: int, django_assert_num_queries: Any
) -> None:
    for _n in range(count):
        AttestationFactory(asked_by=story.kim)
    browser = log_in(story.kim)
    browser.get("/evidence/attestations/")
    with django_assert_num_queries(13):
        assert len(browser.get("/evidence/attestations/").context["rows"]) == count


def test_the_page_of_the_past_shows_what_was_then(log_in: LogIn, story: Story) -> None:
    with at("2026-03-01"):
        one = story.asked()
    with at("2026-03-05"):
        post(log_in(story.ana), one, "give", holds="yes", basis="The list of June")
    with at("2026-03-10"):
        page = log_in(story.kim).get(f"/evidence/attestations/{one.public_id}/?as_of=2026-03-03")
    assert title(page) == "Leavers lose access: awaited"
    assert "The list of June" not in words(page)


def test_the_control_leads_to_both(log_in: LogIn, story: Story) -> None:
    url = reverse("controls:control", args=[story.control.public_id])
    kim, ana = log_in(story.kim).get(url), log_in(story.ana).get(url)
    assert "Ask for an attestation" in words(kim)
    assert "Ask for evidence" in words(kim)
    assert "Attest it" in words(ana)
    assert "Ask for evidence" not in words(ana)

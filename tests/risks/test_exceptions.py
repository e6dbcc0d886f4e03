"""Exceptions: one asks, another accepts, a third concurs; every refusal says why and what would be allowed."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse

from audit import clock
from audit.models import TrailEntry
from desk.models import Notice
from findings.models import Severity
from organisation.models import User
from risks import bearing, expiring
from risks.awaiting_decisions import awaiting
from risks.excepting import accept, escalate
from risks.models import Risk, RiskException
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, UserFactory
from tests.factories.risks import AuthorityFactory, RiskExceptionFactory, RiskFactory
from tests.findings_pages.reading_pages import title, words
from tests.risks.exceptions import Story, a_story, passes

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return a_story()


def post(browser: LoggedIn, exception: RiskException, verb: str, **said: Any) -> Any:
    exception.refresh_from_db()
    url = reverse(f"risks:exception_{verb}", args=[exception.public_id])
    return browser.post(url, {"version": exception.version, **said}, follow=True)


def ask_url(story: Story) -> str:
    return f"/risks/exceptions/ask/?solution={story.solution.public_id}&check={story.check.public_id}"


def by_rule(**said: Any) -> dict[str, Any]:
    expires = (clock.now() + timedelta(days=60)).date()
    whole = {"kind": "acceptance", "reason": "Late fix", "bound": "rule", "ceiling": 3, "expires_on": expires}
    return {**whole, **said}


def test_an_engineer_asks_the_owner_accepts_and_infosec_concurs(log_in: LogIn, story: Story) -> None:
    ana, ben, cleo = (log_in(one) for one in (story.ana, story.ben, story.cleo))
    form = ana.get(ask_url(story))
    assert title(form) == "Ask for an exception: S3.1, Payments"
    assert "2 findings fail now. Its level is High. With the authority to accept that: Ben" in words(form)
    asked = ana.post(ask_url(story), by_rule(), follow=True)
    exception = RiskException.objects.get()
    assert title(asked) == f"{exception.public_id}, acceptance: asked for"
    assert "One of these accepts or refuses it: Ben." in words(asked)
    assert [(one.kind, one.public_id, one.level, one.why) for one in awaiting(story.ben, clock.now())] == [
        ("exception", exception.public_id, "High", "Accept or refuse it")
    ]
    assert (
        title(post(ben, exception, "accept")) == f"{exception.public_id}, acceptance: accepted, awaits the second line"
    )
    assert [one.why for one in awaiting(story.cleo, clock.now())] == ["Concur, challenge or escalate"]
    live = post(cleo, exception, "concur", because="As agreed")
    assert title(live) == f"{exception.public_id}, acceptance: in force"
    assert "2 findings of at most 3" in words(live)
    assert [(step.state, step.by) for step in exception.steps.all()] == [
        ("asked", story.ana),
        ("accepted", story.ben),
        ("live", story.cleo),
    ]
    acts = TrailEntry.objects.about("riskexception", exception.public_id).order_by("pk")
    assert [one.action for one in acts] == ["exception.asked", "exception.accepted", "exception.concurred"]
    assert not awaiting(story.ben, clock.now())
    assert not awaiting(story.cleo, clock.now())


def test_nobody_accepts_what_they_asked_for(log_in: LogIn, story: Story) -> None:
    AuthorityFactory(person=story.ana)
    exception = story.asked()
    answer = post(log_in(story.ana), exception, "accept")
    assert "Nobody accepts what they asked for. Those who may: Ben." in words(answer)
    exception.refresh_from_db()
    assert (exception.state, exception.accepted_by) == ("asked", None)


def test_authority_has_to_reach_the_level(log_in: LogIn, story: Story) -> None:
    low = UserFactory(name="Lou", first_line=True)
    AuthorityFactory(person=low, level=0)
    answer = post(log_in(low), story.asked(), "accept")
    assert "Your authority does not reach “High” in Payments. Those whose does: Ben." in words(answer)


def test_somebody_who_moved_to_the_second_line_does_not_concur_with_their_own(log_in: LogIn, story: Story) -> None:
    exception = accept(story.asked(), by=story.ben)
    for role in story.ana.role_assignments.all():
        role.end(reason="Moves", by="setup")
    story.ana.give_role("second", reason="Moves", by="setup")
    answer = post(log_in(story.ana), exception, "concur")
    assert "You asked for it or accepted it: somebody else of the second line concurs." in words(answer)
    assert RiskException.objects.get().state == "accepted"


def test_concurring_comes_after_accepting(log_in: LogIn, story: Story) -> None:
    exception = story.asked()
    told = f"{exception.public_id} is asked for: “concur” is not open now. Open is: accept, refuse, challenge"
    assert told in words(post(log_in(story.cleo), exception, "concur"))


@pytest.mark.parametrize(
    ("said", "field", "why"),
    [
        ({"ceiling": 1}, "ceiling", "2 fail within this rule now, more than the ceiling of 1."),
        ({"bound": "listed"}, "resources", "List the resources that it is about, or make it a rule with a ceiling."),
        ({"kind": "dispensation"}, "granted_by", "Name who has to grant the dispensation, as the framework says."),
        ({"kind": "compensating"}, "compensating", "Say which control compensates, and how."),
    ],
)
def test_asking_says_what_is_missing(log_in: LogIn, story: Story, said: dict[str, Any], field: str, why: str) -> None:
    answer = log_in(story.ana).post(ask_url(story), by_rule(**said))
    assert answer.status_code == 422
    assert answer.context["form"].errors[field] == [why]
    assert not RiskException.objects.exists()


def test_an_exception_lasts_a_year_at_most(log_in: LogIn, story: Story) -> None:
    late = (clock.now() + timedelta(days=400)).date()
    answer = log_in(story.ana).post(ask_url(story), by_rule(expires_on=late))
    assert answer.context["form"].errors["expires_on"] == [
        "An exception lasts a year at most; ask anew before it expires."
    ]


def test_only_resources_that_fail_are_listed(log_in: LogIn, story: Story) -> None:
    first, second = (one.resource for one in story.findings)
    assert first
    passes(story.findings[1], clock.now())
    answer = log_in(story.ana).post(ask_url(story), by_rule(bound="listed", resources=[first.pk]), follow=True)
    exception = RiskException.objects.get()
    assert answer.status_code == 200
    assert list(exception.resources.all()) == [first]
    assert (exception.ceiling, exception.by_rule) == (None, False)
    assert second


def test_the_level_is_that_of_the_risk_where_one_is_named(log_in: LogIn, story: Story) -> None:
    risk = RiskFactory(solution=story.solution, owner=story.ana)
    answer = log_in(story.ana).get(f"/risks/exceptions/ask/?risk={risk.public_id}")
    assert f"{risk.public_id} is not assessed: confirm its current level first, or name no risk." in words(answer)
    Risk.objects.filter(pk=risk.pk).update(current=1)
    log_in(story.ana).post(
        f"/risks/exceptions/ask/?risk={risk.public_id}",
        {"kind": "acceptance", "reason": "Small", "expires_on": (clock.now() + timedelta(days=9)).date()},
    )
    made = RiskException.objects.get()
    assert (made.level, made.risk, made.checks.count()) == (1, risk, 0)


def test_two_clicks_from_a_finding(log_in: LogIn, story: Story) -> None:
    finding = story.findings[0]
    page = log_in(story.ana).get(f"/findings/{finding.public_id}/")
    door = f"/risks/exceptions/ask/?finding={finding.public_id}"
    assert door in page.content.decode()
    form = log_in(story.ana).get(door).context["form"]
    assert form.initial["resources"] == [finding.resource_id]


def test_a_challenge_goes_back_and_is_answered_before_anybody_concurs(log_in: LogIn, story: Story) -> None:
    ana, cleo = log_in(story.ana), log_in(story.cleo)
    exception = accept(story.asked(), by=story.ben)
    page = post(cleo, exception, "challenge", because="Why so long?")
    assert "Ana answers the challenge." in words(page)
    assert [one.why for one in awaiting(story.ana, clock.now())] == ["Answer the challenge"]
    assert "“concur” is not open now" in words(post(cleo, exception, "concur"))
    post(ana, exception, "answer", because="The vendor says so")
    exception.refresh_from_db()
    assert exception.state == "accepted"
    post(cleo, exception, "concur")
    challenge = exception.challenges.get()
    assert (challenge.outcome, challenge.settled_by, challenge.answered_by) == ("satisfied", story.cleo, story.ana)


def test_the_governing_body_decides_what_was_escalated(log_in: LogIn, story: Story) -> None:
    exception = escalate(accept(story.asked(), by=story.ben), by=story.cleo, because="Beyond us")
    said = {"granted": "no", "because": "Too long", "reference": "Minutes 7"}
    page = post(log_in(story.cleo), exception, "decide", **said)
    assert title(page) == f"{exception.public_id}, acceptance: refused"
    assert "Too long (Minutes 7)" in words(page)


def test_it_expires_by_itself_even_when_nobody_looked_in_time(story: Story) -> None:
    exception = story.live()
    with time_machine.travel(exception.expires_at + timedelta(days=3)):
        assert not RiskException.objects.live(clock.now())
        assert expiring.follow(clock.now()) == 1
        assert expiring.follow(clock.now()) == 0
    exception.refresh_from_db()
    assert (exception.state, exception.ended_at) == ("expired", exception.expires_at)
    told = Notice.objects.filter(kind="exception_expired").values_list("person__name", flat=True)
    assert sorted(told) == ["Ana", "Ben", "Cleo"]
    assert not bearing.covered(exception)


def test_reminders_come_at_30_7_and_1_days_once_each(story: Story) -> None:
    exception = story.live()
    for days in (31, 30, 29, 7, 6, 1, 1):
        with time_machine.travel(exception.expires_at - timedelta(days=days, hours=-1)):
            expiring.follow(clock.now())
    kinds = Notice.objects.filter(kind__startswith="exception_due", person=story.ana).order_by("pk")
    assert [one.kind for one in kinds] == ["exception_due_30", "exception_due_7", "exception_due_1"]


def test_going_past_the_ceiling_reopens_it(story: Story) -> None:
    exception = story.live(ceiling=3)
    story.fails(1)
    assert expiring.follow(clock.now()) == 0
    story.fails(1)
    assert expiring.follow(clock.now()) == 1
    exception.refresh_from_db()
    assert (exception.state, exception.ended_because) == (
        "reopened",
        "4 fail within its rule now, more than the ceiling of 3",
    )


def test_a_higher_level_reopens_it(story: Story) -> None:
    exception = story.live()
    story.fails(1, severity=Severity.CRITICAL)
    assert expiring.follow(clock.now()) == 1
    exception.refresh_from_db()
    assert (exception.state, exception.ended_because) == (
        "reopened",
        "The level is Critical now, above High at the time",
    )


def test_whoever_asked_ends_it_early(log_in: LogIn, story: Story) -> None:
    exception = story.live()
    page = post(log_in(story.ana), exception, "end", because="Fixed")
    assert title(page) == f"{exception.public_id}, acceptance: withdrawn"
    dora = log_in(first_line=True)
    GrantFactory(person=dora.person, solution=story.solution)
    answer = post(dora, story.live(), "end", because="Mine")
    assert "It is for one of these to do: Ana, Ben." in words(answer)


def listed(browser: LoggedIn, query: str = "") -> list[str]:
    return [one.public_id for one in browser.get(f"/risks/exceptions/{query}").context["page"].rows]


def test_the_list_is_narrowed_and_taken_away(log_in: LogIn, story: Story) -> None:
    live, asked = story.live(expires_at=clock.now() + timedelta(days=5)), story.asked(kind="false_positive")
    browser = log_in(story.cleo)
    page = browser.get("/risks/exceptions/")
    assert title(page) == "2 exceptions: 1 in force, 1 expires within 30 days"
    assert listed(browser, "?state=live") == listed(browser, "?expires=7") == [live.public_id]
    assert listed(browser, "?kind=false_positive") == listed(browser, f"?q={asked.public_id}") == [asked.public_id]
    assert listed(browser, "?level=2") == [asked.public_id, live.public_id]
    assert listed(browser, "?mine=decide") == []
    assert listed(log_in(story.ben), "?mine=decide") == [asked.public_id]
    file = browser.get("/risks/exceptions/export/csv/?state=live").content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(file))
    assert (row["Id"], row["State"], row["Level at the time"]) == (live.public_id, "In force", "High")
    assert browser.get("/risks/exceptions/export/xlsx/").status_code == 200


def test_the_list_of_a_past_moment_shows_the_state_of_then(log_in: LogIn, story: Story) -> None:
    exception = story.asked()
    then = clock.now()
    with time_machine.travel(then + timedelta(days=1)):
        accept(exception, by=story.ben)
        page = log_in(story.cleo).get("/risks/exceptions/", {"as_of": then.isoformat()})
        assert [row["state"] for row in page.context["rows"]] == ["asked"]
        one = log_in(story.ben).get(f"/risks/exceptions/{exception.public_id}/", {"as_of": then.isoformat()})
        assert title(one) == f"{exception.public_id}, acceptance: asked for"
        assert one.context["buttons"] == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(log_in: LogIn, count: int, django_assert_max_num_queries: Any) -> None:
    browser: LoggedIn = log_in(second_line=True)
    RiskExceptionFactory.create_batch(count, accepted=True)
    browser.get("/risks/exceptions/")
    with django_assert_max_num_queries(17):
        browser.get("/risks/exceptions/")


def test_others_do_not_find_it(log_in: LogIn, story: Story) -> None:
    exception = story.asked()
    stranger: User = UserFactory(first_line=True)
    assert log_in(stranger).get(f"/risks/exceptions/{exception.public_id}/").status_code == 404

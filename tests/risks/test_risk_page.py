"""One risk on its page: what each person reads there, and what they may do."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import clock
from organisation.models import User
from risks import assessing, registering
from risks.awaiting_risks import awaiting
from risks.models import Assessment, Risk
from tests.clock import at
from tests.conftest import LogIn
from tests.controls.standings import find, satisfied_by
from tests.factories import GrantFactory
from tests.factories.controls import ControlFactory
from tests.factories.findings import CheckFactory
from tests.factories.risks import (
    AppetiteFactory,
    AssessmentFactory,
    CategoryFactory,
    RiskControlFactory,
    RiskFactory,
    RiskFindingsFactory,
    TreatmentFactory,
)
from tests.findings_pages.reading_pages import listed, title, words
from tests.risks.people import World

pytestmark = pytest.mark.django_db


def page(world: World, *parts: str, query: str = "") -> str:
    return "/".join(["/risks", world.risk.public_id, *parts, query])


def head(answer: Any) -> str:
    found = re.search(r'<strong class="awaits">(.*?)</strong>', answer.content.decode())
    return unescape(found[1]) if found else ""


def buttons(answer: Any) -> set[str]:
    """The verbs that the page offers."""
    text = answer.content.decode().split("<main", 1)[1]
    shown = re.findall(r'<(?:button|a)[^>]*class="(?:btn[^"]*|more)"[^>]*>(.*?)</(?:button|a)>', text)
    found = {" ".join(unescape(re.sub(r"<[^>]+>", "", one)).split()) for one in shown}
    return found - {""}


def rotation(world: World, **results: int) -> Any:
    """A control of Payments, shown there by one check; likelihood at most possible while it passes."""
    control, check = ControlFactory(name="Rotation", solution=world.payments), CheckFactory(key="IAM.3")
    find(check, world.payments, **results)
    satisfied_by(control, check)
    RiskControlFactory(risk=world.risk, control=control)
    RiskFindingsFactory(risk=world.risk, check_ran=check)
    return control


def test_it_tells_the_story_the_levels_and_where_it_stands(log_in: LogIn, world: World) -> None:
    AppetiteFactory(solution=world.payments)
    AssessmentFactory(risk=world.risk, kind="inherent", likelihood=4, impact=3)
    assessing.state(world.risk, "current", likelihood=3, impact=3, because="Seen", by=world.ana)
    rotation(world, passed=2)
    answer = log_in(world.cleo).get(page(world))
    assert title(answer) == "Keys leak: high, above appetite"
    text = words(answer)
    for told in (
        "Cause Long-lived access keys lie in build servers",
        "Event Somebody copies them",
        "Consequence Customers' data is read by strangers",
        "Critical Almost certain, Major",
        "High Likely, Major",
        "High (Possible, Major), which differs from what stands confirmed",
        "Rotation passes: likelihood at most “Possible”.",
        "up to Medium is wanted, up to High is borne Payments",
        "Risk committee, 1 Dec 2019",
    ):
        assert told in text


def test_one_click_states_what_the_portal_proposes_as_ones_own(log_in: LogIn, world: World) -> None:
    AssessmentFactory(risk=world.risk, kind="inherent", likelihood=4, impact=3)
    rotation(world, passed=1)
    browser = log_in(world.ana)
    answer = browser.get(page(world))
    assert head(answer) == "Awaits you: state its current level"
    assert "Confirm High" in buttons(answer)
    browser.post(page(world, "take"), {"seen": "2-3"})
    made = Assessment.objects.get(kind="current")
    assert (made.level, made.confirmed_by) == (2, world.ana)
    assert made.because.startswith("As the portal proposed. Without any control: Almost certain, Major.")
    assert made.proposal["level"] == 2
    assert "which is what stands confirmed" in words(browser.get(page(world)))


def test_a_proposal_that_changed_meanwhile_is_not_taken(log_in: LogIn, world: World) -> None:
    AssessmentFactory(risk=world.risk, kind="inherent", likelihood=4, impact=3)
    rotation(world, failed=1)
    answer = log_in(world.ana).post(page(world, "take"), {"seen": "2-3"}, follow=True)
    assert "The proposal is another one now" in words(answer)
    assert not Assessment.objects.filter(kind="current").exists()


def test_a_colleague_proposes_on_the_matrix_and_the_owner_confirms(log_in: LogIn, world: World) -> None:
    cleo = log_in(world.cleo)
    asked = page(world, "level", "inherent")
    assert "You propose it; Ana, Ben can confirm it." in words(cleo.get(asked))
    assert cleo.post(asked, {"because": "x"}).status_code == 422
    assert cleo.post(asked, {"cell": "9-9", "because": "x"}).status_code == 422
    cleo.post(asked, {"cell": "4-4", "because": "Thirty servers"})
    waits = Assessment.objects.get()
    assert head(cleo.get(page(world))) == "Awaits Ana, Ben: confirm the proposed inherent level"
    assert "Confirm Critical" not in buttons(cleo.get(page(world)))
    ana = log_in(world.ana)
    answer = ana.get(page(world))
    assert head(answer) == "Awaits you: confirm the proposed inherent level"
    assert {"Confirm Critical", "Decline"} <= buttons(answer)
    ana.post(page(world, "levels", waits.public_id, "confirm"))
    world.risk.refresh_from_db()
    assert world.risk.inherent == 3
    assert head(ana.get(page(world))) == "Awaits you: state its current level"


def test_a_proposed_level_is_declined_with_a_reason(log_in: LogIn, world: World) -> None:
    waits = AssessmentFactory(risk=world.risk, waiting=True, proposed_by=world.cleo)
    asked = page(world, "levels", waits.public_id, "decline")
    GrantFactory(person=world.dee, solution=world.payments, kind="member")
    assert "Who answers for it confirms its levels: Ana, Ben." in words(log_in(world.dee).get(asked, follow=True))
    ana = log_in(world.ana)
    assert ana.post(asked, {"reason": ""}).status_code == 422
    ana.post(asked, {"reason": "Too high"})
    waits.refresh_from_db()
    assert (waits.declined_by, waits.declined_because) == (world.ana, "Too high")


@pytest.mark.parametrize("who", ["second_line", "third_line"])
def test_who_may_not_change_it_reads_why_and_sees_no_button(log_in: LogIn, world: World, who: str) -> None:
    answer = log_in(**{who: True}).get(page(world))
    assert "The first line keeps its risks; the second line may challenge them, the third reads them." in words(answer)
    assert buttons(answer) == set()


def test_a_first_line_without_part_does_not_find_it(log_in: LogIn, world: World) -> None:
    waiting = AssessmentFactory(risk=world.risk, waiting=True)
    browser = log_in(world.dee)
    assert browser.get(page(world)).status_code == 404
    for act in (["change"], ["take"], ["close", "confirm"], ["levels", waiting.public_id, "confirm"]):
        assert browser.post(page(world, *act)).status_code == 404, act


def test_its_fields_are_changed_with_a_reason_and_the_history_tells_it(log_in: LogIn, world: World) -> None:
    browser = log_in(world.ben)
    asked = page(world, "change")
    risk = world.risk
    said = {
        "title": "Keys leak",
        "cause": "Older keys",
        "event": risk.event,
        "consequence": risk.consequence,
        "solution": world.payments.pk,
        "category": risk.category_id,
        "owner": world.ben.pk,
        "review_on": "2030-01-31",
        "link": "",
        "because": "Ana moved on",
    }
    browser.post(asked, {**said, "version": 1})
    text = words(browser.get(page(world)))
    assert "Cause Long-lived access keys lie in build servers Older keys Ana moved on" in text
    assert "Owner Ana Ben Ana moved on" in text
    assert "Next review – 31 Jan 2030 Ana moved on" in text
    late = browser.post(asked, {**said, "cause": "Mine", "version": 1})
    assert "Nothing was overwritten" in words(late)
    world.risk.refresh_from_db()
    assert world.risk.cause == "Older keys"


def test_a_review_is_recorded_with_what_was_seen(log_in: LogIn, world: World) -> None:
    browser = log_in(world.ana)
    ahead = clock.now().date() + timedelta(days=30)
    browser.post(page(world, "review"), {"next_on": ahead.isoformat(), "because": "Still so"})
    world.risk.refresh_from_db()
    assert world.risk.review_on == ahead
    assert "Still so" in words(browser.get(page(world)))


def test_controls_are_linked_with_their_bound_and_unlinked(log_in: LogIn, world: World) -> None:
    control = ControlFactory(name="Rotation", solution=world.payments)
    browser = log_in(world.ben)
    asked = page(world, "controls", "link")
    browser.post(
        asked, {"control": control.pk, "likelihood_at_most": "1", "impact_at_most": "", "because": "Short lived"}
    )
    text = words(browser.get(page(world)))
    assert "Rotation Nothing shows it yet likelihood at most “Unlikely” reduces nothing now Short lived" in text
    link = world.risk.control_links.get()
    browser.post(page(world, "controls", str(link.pk), "unlink"), {"reason": "Another one does it"})
    assert "No control is linked" in words(browser.get(page(world)))
    assert "unlinked a control: Rotation" in words(browser.get(page(world)))


def test_every_number_of_its_findings_opens_what_it_counts(log_in: LogIn, world: World) -> None:
    check = CheckFactory(key="S3.8")
    find(check, world.payments, failed=2, passed=3)
    find(check, failed=4)
    browser = log_in(world.cleo)
    browser.post(page(world, "findings", "link"), {"check_ran": "s3.8", "account": ""})
    text = browser.get(page(world)).content.decode()
    found = re.search(r'<a href="(/findings/\?[^"]*)">\s*<svg.*?</svg>\s*2 of 5 fail', text, re.DOTALL)
    assert found
    assert len(listed(browser.get(unescape(found[1])))) == 2
    refused = browser.post(page(world, "findings", "link"), {"check_ran": "S3.99", "account": "12"})
    assert {"There is no such check."} <= set(refused.context["form"].errors["check_ran"])
    link = world.risk.finding_links.get()
    browser.post(page(world, "findings", str(link.pk), "unlink"), {"reason": "Fixed"})
    assert "No finding is linked" in words(browser.get(page(world)))


def test_who_owns_a_risk_of_a_solution_that_is_not_theirs_sees_no_findings(log_in: LogIn, world: World) -> None:
    check = CheckFactory(key="S3.8")
    find(check, world.payments, failed=2)
    RiskFindingsFactory(risk=world.risk, check_ran=check)
    text = words(log_in(world.ana).get(page(world)))
    assert "not yours to see" in text
    assert "2 of 2" not in text


def test_one_proposes_to_close_it_another_confirms_and_it_reopens(log_in: LogIn, world: World) -> None:
    ana, ben = log_in(world.ana), log_in(world.ben)
    ana.post(page(world, "close"), {"reason": "The keys are gone"})
    answer = ana.get(page(world))
    assert head(answer) == "Awaits Ben: confirm that it can be closed, or send it back"
    assert "You proposed it, so another person confirms: Ben." in words(answer)
    assert "Confirm that it is closed" not in buttons(answer)
    told = words(ana.post(page(world, "close", "confirm"), follow=True))
    assert "You proposed it, so another person confirms: Ben." in told
    assert "Confirm that it is closed" in buttons(ben.get(page(world)))
    ben.post(page(world, "close", "confirm"))
    closed = ben.get(page(world))
    assert title(closed) == "Keys leak: closed"
    assert "Proposed by Ana, confirmed by Ben." in words(closed)
    assert buttons(closed) == {"Reopen"}
    ben.post(page(world, "reopen"), {"reason": "They are back"})
    world.risk.refresh_from_db()
    assert world.risk.closed_at is None


def test_a_closing_is_sent_back(log_in: LogIn, world: World) -> None:
    registering.propose_closing(world.risk, because="x", by=world.ana)
    log_in(world.cleo).post(page(world, "close", "reject"), {"reason": "Two are left"})
    world.risk.refresh_from_db()
    assert world.risk.closure_proposed_at is None


def test_it_reads_as_it_was_at_a_past_moment_and_nobody_acts_there(log_in: LogIn, world: World) -> None:
    AppetiteFactory()
    with at("2026-01-10"):
        assessing.state(world.risk, "current", likelihood=4, impact=4, because="Seen", by=world.ana)
    with at("2026-02-10"):
        registering.change(world.risk, read=1, by=world.ana, title="Keys leak from laptops")
        assessing.state(world.risk, "current", likelihood=1, impact=1, because="Roles", by=world.ana)
    with at("2026-03-10"):
        browser = log_in(world.ana)
        assert title(browser.get(page(world))) == "Keys leak from laptops: low, within appetite"
        then = browser.get(page(world, query="?as_of=2026-01-20"))
        assert title(then) == "Keys leak: critical, above tolerance"
        assert "You look at another moment: nothing is changed in the past." in words(then)
        assert buttons(then) == set()
        assert title(browser.get(page(world, query="?as_of=2026-01-05"))) == "Keys leak: not assessed"


def test_the_page_costs_the_same_for_any_number_of_links(log_in: LogIn, world: World) -> None:
    AssessmentFactory(risk=world.risk, kind="inherent")
    browser = log_in(world.ben)
    asked: list[int] = []
    for _more in range(2):
        for _n in range(1 if not asked else 2):
            control, check = ControlFactory(solution=world.payments), CheckFactory()
            find(check, world.payments, failed=1)
            satisfied_by(control, check)
            RiskControlFactory(risk=world.risk, control=control)
            RiskFindingsFactory(risk=world.risk, check_ran=check)
        browser.get(page(world))
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(page(world)).status_code == 200
        asked.append(len(captured))
    assert asked[0] == asked[1] <= 60


def test_without_a_matrix_it_says_what_is_missing(log_in: LogIn) -> None:
    risk = RiskFactory()
    answer = log_in(risk.owner).get(f"/risks/{risk.public_id}/")
    assert "There is no matrix yet" in words(answer)
    told = words(log_in(risk.owner).get(f"/risks/{risk.public_id}/level/current/", follow=True))
    assert "levels are stated on one, which the second line adopts" in told


def waits(person: User) -> list[tuple[str, str, str]]:
    return [(one.kind, one.why, one.level) for one in awaiting(person, clock.now())]


def test_what_awaits_each_person_in_the_register(world: World) -> None:
    AppetiteFactory(appetite=0, tolerance=1)
    assessing.state(world.risk, "current", likelihood=4, impact=4, because="Seen", by=world.ana)
    assessing.state(world.risk, "target", likelihood=1, impact=1, because="Roles", by=world.cleo)
    Risk.objects.update(review_on=date(2020, 1, 1))
    above = ("above", "Above tolerance: treat it, or ask for an exception", "Critical")
    confirms = ("level", "Confirm or decline the target level that Cleo proposes", "Low")
    assert waits(world.ana) == [("review", "Overdue: review it", "Critical"), above, confirms]
    assert waits(world.ben) == [confirms]
    assert waits(world.cleo) == waits(world.dee) == waits(world.ines) == []
    registering.propose_closing(world.risk, because="x", by=world.ben)
    closing = ("closing", "Confirm that it can be closed, or send it back", "Critical")
    assert closing in waits(world.ana)
    assert waits(world.cleo) == [closing]
    assert closing not in waits(world.ben)


def test_a_risk_above_tolerance_awaits_its_owner_until_it_is_treated(log_in: LogIn, world: World) -> None:
    AppetiteFactory(appetite=0, tolerance=0)
    for kind in ("inherent", "current"):
        assessing.state(world.risk, kind, likelihood=4, impact=4, because="Seen", by=world.ana)
    browser = log_in(world.ben)
    assert head(browser.get(page(world))) == "Awaits Ana: treat it, or ask for an exception: it is above tolerance"
    TreatmentFactory(risk=world.risk)
    Risk.objects.update(review_on=date(2020, 1, 1), category=CategoryFactory())
    assert head(browser.get(page(world))) == "Awaits Ana: review it, due on 1 Jan 2020"

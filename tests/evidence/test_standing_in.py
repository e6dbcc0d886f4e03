"""Who stands in for somebody answers what they are asked, attests for them and tests their controls, and says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from audit import clock
from audit.models import TrailEntry
from controls.models import Verdict
from evidence.models import Attestation
from tests.assurance.people import a_story as an_audit
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.evidence.asking import Story, post
from tests.factories import DelegationFactory, UserFactory
from tests.factories.assurance import AuditFindingFactory
from tests.factories.controls import ControlFactory
from tests.factories.evidence import AttestationFactory
from tests.findings_pages.reading_pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    """Dee, who has no part in Payments, stands in for Ana, who owns it."""
    made = Story()
    DelegationFactory(delegator=made.ana, delegate=made.dee)
    return made


def items(browser: LoggedIn) -> dict[str, str]:
    return {one.key: one.of for one in browser.get("/my-items/").context["page"].rows}


def test_what_somebody_is_asked_is_answered_for_them(log_in: LogIn, story: Story) -> None:
    asked = story.asked()
    dee = log_in(story.dee)
    assert items(dee)[f"request-{asked.public_id}"] == "Ana"
    post(dee, asked, "answer", words="All of June")
    asked.refresh_from_db()
    assert (asked.state, asked.assignee) == ("answered", story.ana)
    assert TrailEntry.objects.get(action="evidence_request.answered").who == "Dee for Ana"
    assert "Ana is away until" in words(log_in(story.kim).get(f"/evidence/requests/{asked.public_id}/"))


def test_it_is_answered_in_place_too(log_in: LogIn, story: Story) -> None:
    asked = story.asked()
    url = f"/my-items/requests/{asked.public_id}/"
    said = {"form": "answer", "words": "All of June", "version": asked.version}
    assert log_in(story.dee).post(url, said, headers={"HX-Request": "true"}).status_code == 200
    asked.refresh_from_db()
    assert asked.state == "answered"


def test_others_still_may_not(log_in: LogIn, story: Story) -> None:
    asked = story.asked()
    assert "Ana is asked" in words(post(log_in(story.ben), asked, "answer", words="I try"))


def test_an_attestation_is_given_for_who_is_away(log_in: LogIn, story: Story) -> None:
    asked = AttestationFactory(control=story.control, asked_by=story.kim, asked_of=story.ana, solution=story.payments)
    dee = log_in(story.dee)
    assert items(dee)[f"attestation-{asked.public_id}"] == "Ana"
    url = f"/evidence/attestations/{asked.public_id}/"
    dee.post(f"{url}give/", {"holds": "yes", "basis": "I looked at all of them"})
    given = Attestation.objects.get()
    assert given.attested_at
    assert Verdict.objects.get().said_by == story.dee
    assert TrailEntry.objects.get(action="attestation.given").who == "Dee for Ana"
    assert "Dee for Ana" in words(log_in(story.kim).get(url))


def test_a_manual_control_is_tested_for_its_owner(log_in: LogIn, story: Story) -> None:
    control = ControlFactory(name="Doors are locked", manual=True, frequency="quarterly", owner=story.ana)
    dee = log_in(story.dee)
    assert items(dee)[f"test-{control.public_id}"] == "Ana"
    today = clock.now().date()
    said: dict[str, Any] = {
        "result": "passing", "period_from": today - timedelta(days=30), "period_to": today - timedelta(days=1),
        "what": "Looked at each door", "because": "All were locked",
    }  # fmt: skip
    answer = dee.post(f"/controls/{control.public_id}/tests/add/", said)
    assert answer.status_code == 302
    assert TrailEntry.objects.get(action="verdict.recorded").who == "Dee for Ana"
    assert "Ana is away until" in words(log_in(story.ines).get(f"/controls/{control.public_id}/"))


def test_an_audit_finding_is_answered_for_its_owner(log_in: LogIn) -> None:
    ben = UserFactory(name="Ben", first_line=True)
    with at("2026-03-31"):
        audit = an_audit()
        DelegationFactory(delegator=audit.ana, delegate=ben)
        found = AuditFindingFactory(engagement=audit.engagement, solution=audit.payments, owner=audit.ana)
        browser = log_in(ben)
        assert items(browser)[f"audit_finding-{found.public_id}"] == "Ana"
        said = {"version": found.version, "words": "We agree", "day": "2026-05-31"}
        browser.post(f"/assurance/findings/{found.public_id}/respond/", said)
    found.refresh_from_db()
    assert found.state == "responded"
    assert TrailEntry.objects.get(action="audit_finding.responded").who == "Ben for Ana"


def test_nobody_audits_what_they_answered_for_in_the_place_of_another(log_in: LogIn) -> None:
    """Kai stood in for Ana in the audited period, and is of internal audit now."""
    with at("2026-03-31"):
        audit = an_audit()
        begins = audit.engagement.about_from
        told = {"valid_from": begins, "valid_to": begins + timedelta(days=20)}
        DelegationFactory(delegator=audit.ana, delegate=audit.kai, **told)
        ida = log_in(audit.ida)
        url = f"/assurance/{audit.engagement.public_id}/team/put/"
        answer = ida.post(url, {"person": audit.kai.pk, "part": "auditor"}, follow=True)
        assert "Kai stood in for Ana, who is owner of Payments" in words(answer)
        DelegationFactory(delegator=UserFactory(first_line=True, owns=[audit.payments]), delegate=audit.jo, **told)
        shown = words(ida.get(f"/assurance/{audit.engagement.public_id}/"))
    assert "stood in for " in shown


def test_who_asked_for_it_is_stood_in_for_by_a_colleague(log_in: LogIn, story: Story) -> None:
    otto = UserFactory(name="Otto", second_line=True)
    DelegationFactory(delegator=story.ines, delegate=otto, line="second")
    asked = story.asked(asked_by=story.ines)
    post(log_in(story.ana), asked, "answer", words="All of June")
    assert items(log_in(otto))[f"request-{asked.public_id}"] == "Ines"
    post(log_in(otto), asked, "accept")
    asked.refresh_from_db()
    assert asked.state == "accepted"
    assert TrailEntry.objects.get(action="evidence_request.accepted").who == "Otto for Ines"

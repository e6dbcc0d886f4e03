"""Adding and changing risks, linking what keeps them down and what shows them, closing and reopening them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from audit import clock
from audit.models import StaleRow, TrailEntry
from desk.models import Notice
from organisation.models import NotAllowed, User
from risks import registering
from risks.models import Challenge, Risk
from risks.past import as_they_were
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory
from tests.factories.findings import CheckFactory, FindingFactory
from tests.factories.risks import AppetiteFactory, AssessmentFactory, CategoryFactory, ChallengeFactory
from tests.risks.people import World

pytestmark = pytest.mark.django_db


def said(world: World, **more: Any) -> dict[str, Any]:
    told = {"title": "Keys leak", "cause": "Old keys", "event": "Copied", "consequence": "Data is read"}
    known = {"solution": world.payments, "category": CategoryFactory(), "owner": world.ana}
    return {**told, **known, "review_on": date(2030, 1, 1), "link": "", **more}


def why(refused: Any) -> str:
    return str(refused.value)


def told(risk: Risk) -> list[str]:
    return list(TrailEntry.objects.about("risk", risk.public_id).order_by("id").values_list("action", flat=True))


@pytest.mark.parametrize("who", ["ben", "cleo", "ines"])
def test_the_solutions_people_and_the_second_line_add_a_risk_for_its_owner(world: World, who: str) -> None:
    made = registering.add(by=getattr(world, who), **said(world))
    assert (made.owner, made.standing) == (world.ana, Risk.Standing.NOT_ASSESSED)
    entry = TrailEntry.objects.about("risk", made.public_id).get()
    assert (entry.action, entry.detail["owner"]) == ("risk.added", world.ana.public_id)
    assert Notice.objects.get().person == world.ana


def test_nobody_adds_a_risk_where_they_have_no_part_or_for_who_cannot_own_it(world: World) -> None:
    with pytest.raises(NotAllowed) as refused:
        registering.add(by=world.dee, **said(world))
    assert "no part in Payments: its owners and members add its risks" in why(refused)
    with pytest.raises(NotAllowed) as refused:
        registering.add(by=UserFactory(third_line=True), **said(world))
    assert "The first and the second line add risks" in why(refused)
    with pytest.raises(NotAllowed) as refused:
        registering.add(by=world.ben, **said(world, owner=world.ines))
    assert why(refused) == "Ines is not of the first line: risks are owned there. Choose somebody of it."
    with pytest.raises(NotAllowed) as refused:
        registering.add(by=world.ben, **said(world, category=CategoryFactory(name="Old", retired_at=clock.now())))
    assert why(refused) == "“Old” is retired: choose another category."
    with pytest.raises(NotAllowed) as refused:
        registering.add(by=world.ben, **said(world, cause=" "))
    assert "none of them is empty" in why(refused)
    assert Risk.objects.count() == 1


def test_a_change_is_on_the_record_field_by_field_with_the_reason(world: World) -> None:
    risk = world.risk
    registering.change(risk, read=1, by=world.cleo, because="Found more", cause="Older keys", owner=world.ben)
    risk.refresh_from_db()
    assert (risk.cause, risk.owner, risk.version) == ("Older keys", world.ben, 2)
    entry = TrailEntry.objects.about("risk", risk.public_id).get()
    assert entry.detail == {
        "because": "Found more",
        "changed": {
            "cause": ["Long-lived access keys lie in build servers", "Older keys"],
            "owner": [world.ana.public_id, world.ben.public_id],
        },
    }
    with pytest.raises(StaleRow):
        registering.change(risk, read=1, by=world.ben, cause="Mine")


def test_a_change_of_category_brings_in_the_appetite_that_counts_there(world: World) -> None:
    AssessmentFactory(risk=world.risk)
    strict = AppetiteFactory(category=CategoryFactory(), appetite=0, tolerance=0)
    registering.change(world.risk, read=1, by=world.ana, category=strict.category)
    world.risk.refresh_from_db()
    assert world.risk.standing == Risk.Standing.ABOVE_TOLERANCE


def test_who_may_not_change_it_is_told_who_can(world: World) -> None:
    with pytest.raises(NotAllowed) as refused:
        registering.change(world.risk, read=1, by=world.ines, cause="x")
    assert why(refused) == "The first line keeps its risks; the second line may challenge them, the third reads them."
    with pytest.raises(NotAllowed) as refused:
        registering.change(world.risk, read=1, by=world.dee, cause="x")
    assert why(refused) == "You have no part in Payments: its owners, its members and Ana can."
    with pytest.raises(NotAllowed) as refused:
        registering.change(world.risk, read=1, by=world.cleo, solution=SolutionFactory(name="Ledger"))
    assert why(refused) == "You have no part in Ledger: somebody of it can take the risk over."
    assert told(world.risk) == []


def test_a_review_moves_its_day_and_says_what_was_seen(world: World) -> None:
    ahead = clock.now().date() + timedelta(days=90)
    registering.reviewed(world.risk, next_on=ahead, because="Still so", by=world.ana)
    world.risk.refresh_from_db()
    entry = TrailEntry.objects.about("risk", world.risk.public_id).get()
    assert (world.risk.review_on, entry.action, entry.detail["because"]) == (ahead, "risk.reviewed", "Still so")
    for day, words in ((clock.now().date(), "lies ahead"), (ahead, "Say why")):
        with pytest.raises(NotAllowed) as refused:
            registering.reviewed(world.risk, next_on=day, because="x" if day != ahead else " ", by=world.ana)
        assert words in why(refused)


def test_a_control_is_linked_with_a_bound_and_unlinked_with_a_reason(world: World) -> None:
    control = ControlFactory(solution=world.payments)
    link = registering.link_control(world.risk, control, likelihood_at_most=1, because="Rotated", by=world.cleo)
    again = registering.link_control(world.risk, control, impact_at_most=2, because="Encrypted", by=world.ana)
    link.refresh_from_db()
    assert link.valid_to
    assert (again.likelihood_at_most, again.impact_at_most, again.matrix) == (None, 2, world.matrix)
    registering.unlink_control(again, because="Retired soon", by=world.ana)
    assert not world.risk.control_links.in_force(clock.now()).exists()
    assert told(world.risk) == ["risk.control_linked", "risk.control_linked", "risk.control_unlinked"]
    refusals: list[tuple[dict[str, Any], str]] = [
        ({"likelihood_at_most": 5}, "does not reach that far"),
        ({"because": ""}, "Say why"),
        ({"by": world.dee}, "no part in Payments"),
    ]
    for more, words in refusals:
        asked: dict[str, Any] = {"because": "x", "by": world.ana, **more}
        with pytest.raises(NotAllowed) as refused:
            registering.link_control(world.risk, control, **asked)
        assert words in why(refused)
    retired = ControlFactory(retired_at=clock.now(), retired_by="P-1", retired_because="x")
    with pytest.raises(NotAllowed, match="is retired and keeps nothing down"):
        registering.link_control(world.risk, retired, because="x", by=world.ana)


def test_findings_are_linked_once_by_check_account_or_alone(world: World) -> None:
    check = CheckFactory()
    finding = FindingFactory(check_ran=check)
    group = registering.link_findings(world.risk, check, "111111111111", by=world.cleo)
    assert registering.link_findings(world.risk, check, "111111111111", by=world.ana) == group
    one = registering.link_findings(world.risk, check, finding=finding, by=world.ana)
    registering.unlink_findings(one, because="Fixed", by=world.ana)
    assert list(world.risk.finding_links.in_force(clock.now())) == [group]
    with pytest.raises(NotAllowed, match="a finding of another check"):
        registering.link_findings(world.risk, CheckFactory(), finding=finding, by=world.ana)
    with pytest.raises(NotAllowed, match="ended already"):
        registering.unlink_findings(one, because="Again", by=world.ana)


def test_one_proposes_to_close_it_and_another_confirms(world: World) -> None:
    registering.propose_closing(world.risk, because="The keys are gone", by=world.ana)
    with pytest.raises(NotAllowed) as refused:
        registering.confirm_closing(world.risk, by=world.ana)
    assert why(refused) == "You proposed it, so another person confirms: Ben."
    with pytest.raises(NotAllowed, match="The first line keeps its risks"):
        registering.confirm_closing(world.risk, by=world.ines)
    with pytest.raises(NotAllowed, match="proposed already"):
        registering.propose_closing(world.risk, because="x", by=world.ben)
    closed = registering.confirm_closing(world.risk, by=world.ben)
    assert (closed.closed_by, closed.closure_proposed_by) == (world.ben, world.ana)
    for act in (
        lambda: registering.change(closed, read=closed.version, by=world.ana, cause="x"),
        lambda: registering.link_findings(closed, CheckFactory(), by=world.ana),
    ):
        with pytest.raises(NotAllowed, match="is closed: reopen it first"):
            act()


def test_the_database_too_refuses_that_one_person_proposes_and_confirms(world: World) -> None:
    registering.propose_closing(world.risk, because="x", by=world.ana)
    with pytest.raises(IntegrityError), transaction.atomic():
        Risk.objects.update(closed_at=clock.now(), closed_by=world.ana)


def test_an_open_challenge_keeps_it_open(world: World) -> None:
    registering.propose_closing(world.risk, because="x", by=world.ana)
    raised = ChallengeFactory(risk=world.risk, about=Challenge.About.CLOSURE, assessment=None)
    with pytest.raises(NotAllowed) as refused:
        registering.confirm_closing(world.risk, by=world.ben)
    assert why(refused).startswith(f"It cannot be closed while {raised.public_id} is open: answer that")
    registering.reject_closing(world.risk, because="Challenged", by=world.ben)
    with pytest.raises(NotAllowed, match="cannot be closed"):
        registering.propose_closing(world.risk, because="x", by=world.ana)


def test_a_closing_is_sent_back_or_taken_back_with_a_reason(world: World) -> None:
    for person in (world.ben, world.ana):
        registering.propose_closing(world.risk, because="x", by=world.ana)
        with pytest.raises(NotAllowed, match="Say why"):
            registering.reject_closing(world.risk, because=" ", by=person)
        found = registering.reject_closing(world.risk, because="Two keys are left", by=person)
        assert (found.closure_proposed_at, found.closure_because) == (None, "")
    with pytest.raises(NotAllowed, match="Nobody proposes"):
        registering.confirm_closing(world.risk, by=world.ben)


def test_what_was_closed_reads_as_closed_then_and_is_open_after_it_reopens(world: World) -> None:
    registering.propose_closing(world.risk, because="Gone", by=world.ana)
    proposed = clock.now()
    registering.confirm_closing(world.risk, by=world.ben)
    closed = clock.now()
    with pytest.raises(NotAllowed, match="Say why"):
        registering.reopen(world.risk, because="", by=world.ana)
    registering.reopen(world.risk, because="They are back", by=world.cleo)
    found = Risk.objects.get()
    assert (found.closed_at, found.closure_proposed_at) == (None, None)

    def then(at: Any) -> tuple[bool, User | None, str]:
        (one,) = as_they_were([Risk.objects.get()], at)
        return one.is_closed(at), one.closure_proposed_by, one.closure_because

    assert then(closed) == (True, world.ana, "Gone")
    assert then(proposed) == (False, world.ana, "Gone")
    assert then(proposed - timedelta(days=1)) == (False, None, "")
    with pytest.raises(NotAllowed, match="It is open"):
        registering.reopen(world.risk, because="x", by=world.ana)


def test_it_reads_as_it_was_before_it_was_changed(world: World) -> None:
    category, before = world.risk.category, clock.now()
    registering.reviewed(world.risk, next_on=date(2040, 1, 1), because="x", by=world.ana)
    registering.change(world.risk, read=2, by=world.ana, cause="New", category=CategoryFactory(), owner=world.ben)
    (was,) = as_they_were([Risk.objects.get()], before)
    assert (was.cause[:4], was.category, was.owner, was.review_on) == ("Long", category, world.ana, None)

"""Levels: who states them, who proposes them, and who decides."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import TrailEntry
from desk.models import Notice
from organisation.models import NotAllowed
from risks import assessing
from risks.models import Assessment, Risk
from tests.factories import UserFactory
from tests.factories.risks import AppetiteFactory
from tests.risks.people import World

pytestmark = pytest.mark.django_db
SEEN: dict[str, Any] = {"likelihood": 3, "impact": 3, "because": "Seen in the penetration test"}


def why(refused: Any) -> str:
    return str(refused.value)


@pytest.mark.parametrize("who", ["ana", "ben"])
def test_who_answers_for_it_states_a_level_and_it_counts_at_once(world: World, who: str) -> None:
    AppetiteFactory(appetite=0, tolerance=1)
    by = getattr(world, who)
    made = assessing.state(world.risk, "current", by=by, **SEEN)
    world.risk.refresh_from_db()
    assert (made.confirmed_by, made.level, made.label) == (by, 2, "High")
    assert (world.risk.current, world.risk.standing) == (2, Risk.Standing.ABOVE_TOLERANCE)
    entry = TrailEntry.objects.about("risk", world.risk.public_id).get()
    assert (entry.action, entry.detail["level"], entry.detail["likelihood"]) == ("risk.level_stated", "High", "Likely")
    assert made.proposal["why_none"].startswith("Its inherent level is not stated yet")


def test_a_colleague_proposes_and_who_answers_for_it_confirms(world: World) -> None:
    made = assessing.state(world.risk, "current", by=world.cleo, **SEEN)
    world.risk.refresh_from_db()
    assert (made.confirmed_at, world.risk.current) == (None, None)
    assert {one.person for one in Notice.objects.all()} == {world.ana, world.ben}
    for person in (world.cleo, world.dee, world.ines):
        with pytest.raises(NotAllowed) as refused:
            assessing.confirm(made, by=person)
        assert why(refused) == "Who answers for it confirms its levels: Ana, Ben."
    assessing.confirm(made, by=world.ben)
    world.risk.refresh_from_db()
    assert world.risk.current == 2
    with pytest.raises(NotAllowed, match="decided on already"):
        assessing.decline(made, because="x", by=world.ana)


def test_a_declined_level_never_counts_and_says_why(world: World) -> None:
    made = assessing.state(world.risk, "current", by=world.cleo, **SEEN)
    with pytest.raises(NotAllowed, match="Say why"):
        assessing.decline(made, because="", by=world.ana)
    assert assessing.decline(made, because="Too high", by=world.ana).declined_because == "Too high"
    world.risk.refresh_from_db()
    assert (world.risk.current, list(assessing.waiting(world.risk))) == (None, [])


def test_who_proposed_may_take_it_back(world: World) -> None:
    made = assessing.state(world.risk, "current", by=world.cleo, **SEEN)
    assert assessing.decline(made, because="A slip", by=world.cleo).declined_by == world.cleo


def test_a_later_proposal_or_statement_replaces_the_one_that_waits(world: World) -> None:
    first = assessing.state(world.risk, "current", by=world.cleo, **SEEN)
    inherent = assessing.state(world.risk, "inherent", by=world.cleo, **SEEN)
    second = assessing.state(world.risk, "current", by=world.cleo, likelihood=1, impact=1, because="Less")
    first.refresh_from_db()
    assert first.declined_because == "Replaced by a later one."
    assert set(assessing.waiting(world.risk)) == {second, inherent}
    assessing.state(world.risk, "current", by=world.ana, **SEEN)
    assert list(assessing.waiting(world.risk)) == [inherent]


def test_what_the_second_line_brings_in_waits_for_who_answers_for_it(world: World) -> None:
    made = assessing.state(world.risk, "target", by=world.ines, **SEEN)
    assert (made.confirmed_at, made.proposed_by) == (None, world.ines)
    assessing.confirm(made, by=world.ana)
    world.risk.refresh_from_db()
    assert world.risk.target == 2


def test_others_state_nothing(world: World) -> None:
    with pytest.raises(NotAllowed, match="no part in Payments"):
        assessing.state(world.risk, "current", by=world.dee, **SEEN)
    with pytest.raises(NotAllowed, match="The first line keeps its risks"):
        assessing.state(world.risk, "current", by=UserFactory(third_line=True), **SEEN)
    for more, words in (({"impact": 5}, "no such cell"), ({"because": " "}, "Say why")):
        with pytest.raises(NotAllowed, match=words):
            assessing.state(world.risk, "current", by=world.ana, **{**SEEN, **more})
    assert not Assessment.objects.exists()

"""The level that the portal proposes: only what passes lowers it, and every reason is named."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.moment import Moment
from controls.models import Control
from findings.models import Check
from risks import matrices
from risks.models import Risk
from risks.proposing import Proposal, proposals
from tests.controls.standings import find, satisfied_by
from tests.factories import SolutionFactory
from tests.factories.controls import ControlFactory
from tests.factories.findings import CheckFactory
from tests.factories.organisation import LONG_AGO
from tests.factories.risks import AssessmentFactory, RiskControlFactory
from tests.risks.people import World, a_world
from tests.risks.test_matrix import THREE

pytestmark = pytest.mark.django_db


def inherent(risk: Risk, likelihood: int = 4, impact: int = 3) -> None:
    AssessmentFactory(risk=risk, kind="inherent", likelihood=likelihood, impact=impact)


def shown(world: World, name: str, **results: int) -> Control:
    """A control of Payments that one check shows there."""
    control = ControlFactory(name=name, solution=world.payments)
    check: Check = CheckFactory()
    if results:
        find(check, world.payments, **results)
    satisfied_by(control, check)
    return control


def proposal(world: World) -> Proposal:
    return proposals([world.risk], world.ana, Moment.now())[world.risk.pk]


def reasons(found: Proposal) -> list[str]:
    return [one.words for one in found.reasons]


def test_a_control_that_passes_bounds_the_level_and_is_the_reason(world: World) -> None:
    inherent(world.risk)
    control = shown(world, "Rotation", passed=3)
    RiskControlFactory(risk=world.risk, control=control, likelihood_at_most=1)
    found = proposal(world)
    assert (found.likelihood, found.impact, found.level) == (1, 3, 1)
    assert reasons(found) == [
        "Without any control: Almost certain, Major.",
        "Rotation passes: likelihood at most “Unlikely”.",
    ]
    assert [(one.control, one.reduces) for one in found.reasons] == [(None, False), (control, True)]


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ({"failed": 2}, "Rotation fails: it reduces nothing."),
        ({"failed": 1, "passed": 9}, "Rotation fails in part: it reduces nothing."),
        ({"unknown": 1, "passed": 9}, "Rotation is shown in part only: it reduces nothing."),
        ({}, "Rotation is not observed: it reduces nothing."),
        ({"suppressed": 2}, "Rotation fails: it reduces nothing."),
    ],
)
def test_what_does_not_pass_lowers_nothing_and_is_named(world: World, results: dict[str, int], words: str) -> None:
    inherent(world.risk)
    RiskControlFactory(risk=world.risk, control=shown(world, "Rotation", **results), likelihood_at_most=0)
    found = proposal(world)
    assert (found.likelihood, found.impact, found.level) == (4, 3, 3)
    assert reasons(found)[1:] == [words]
    assert not any(one.reduces for one in found.reasons)


def test_unmapped_retired_and_foreign_controls_lower_nothing(world: World) -> None:
    inherent(world.risk)
    unmapped = ControlFactory(name="A", solution=world.payments)
    retired = ControlFactory(name="B", retired_at=LONG_AGO, retired_by="P-1", retired_because="x")
    foreign = ControlFactory(name="C", solution=SolutionFactory())
    for control in (unmapped, retired, foreign):
        RiskControlFactory(risk=world.risk, control=control, likelihood_at_most=0)
    found = proposal(world)
    assert found.level == 3
    assert reasons(found)[1:] == [
        "A: nothing shows it yet, so it reduces nothing.",
        "B is retired or of no concern to this solution: it reduces nothing.",
        "C is retired or of no concern to this solution: it reduces nothing.",
    ]


def test_bounds_never_add_up_the_lowest_counts(world: World) -> None:
    inherent(world.risk)
    for name, bounds in (
        ("A", {"likelihood_at_most": 2}),
        ("B", {"likelihood_at_most": 2, "impact_at_most": 4}),
        ("C", {"likelihood_at_most": 4}),
        ("D", {"likelihood_at_most": None}),
    ):
        RiskControlFactory(risk=world.risk, control=shown(world, name, passed=1), **bounds)
    found = proposal(world)
    assert (found.likelihood, found.impact, found.level) == (2, 3, 2)
    assert reasons(found)[1:] == [
        "A passes: likelihood at most “Possible”.",
        "B passes: likelihood at most “Possible”, impact at most “Severe”.",
        "C passes: likelihood at most “Almost certain”, which it is without it.",
        "D passes, but its link states no bound: it reduces nothing.",
    ]


def test_a_bound_stated_on_another_matrix_lowers_nothing(world: World) -> None:
    RiskControlFactory(risk=world.risk, control=shown(world, "Rotation", passed=1), likelihood_at_most=0)
    approved: dict[str, Any] = {"approved_by": "Board", "approved_on": date(2020, 1, 1)}
    inherent(world.risk)
    new = matrices.adopt(THREE, because="x", by="test", read=world.matrix, **approved)
    assert proposal(world).why_none.startswith("Its inherent level was stated on another matrix")
    AssessmentFactory(risk=world.risk, kind="inherent", matrix=new, likelihood=2, impact=2, confirmed_at=new.adopted_at,
                      proposed_at=new.adopted_at)  # fmt: skip
    found = proposal(world)
    assert (found.likelihood, found.impact) == (2, 2)
    assert reasons(found)[1:] == ["Rotation passes, but its bound was stated on another matrix: state it again."]


def test_without_an_inherent_level_there_is_no_proposal_and_it_says_so(world: World) -> None:
    found = proposal(world)
    assert found == Proposal(why_none="Its inherent level is not stated yet: what it is without any control.")


def test_without_a_control_it_stays_at_the_inherent_level(world: World) -> None:
    inherent(world.risk, 2, 2)
    found = proposal(world)
    assert (found.level, reasons(found)[1:]) == (1, ["No control is linked: nothing keeps it down."])


def test_it_is_asked_of_a_moment(world: World) -> None:
    inherent(world.risk)
    assert proposals([world.risk], world.ana, Moment.of(LONG_AGO))[world.risk.pk].level == 3


def test_proposals_cost_the_same_for_any_number_of_risks(world: World) -> None:
    worlds = [world, *(a_world(name) for name in ("Ledger", "Cards"))]
    for one in worlds:
        inherent(one.risk)
        RiskControlFactory(risk=one.risk, control=shown(one, f"Of {one.risk.public_id}", passed=1))
    asked = []
    for count in (1, 3):
        with CaptureQueriesContext(connection) as captured:
            proposals([one.risk for one in worlds[:count]], world.ines, Moment.now())
        asked.append(len(captured))
    assert asked[0] == asked[1]

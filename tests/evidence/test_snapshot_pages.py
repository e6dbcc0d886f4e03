from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evidence.models import Evidence
from evidence.tasks import take_snapshots
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.evidence.snapshots_world import World
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory
from tests.factories.evidence import EvidenceFactory, SnapshotFactory
from tests.findings_pages.reading_pages import words

pytestmark = pytest.mark.django_db


def panel(browser: LoggedIn, world: World) -> str:
    """The words of the section, as it is read at noon on 31 March 2026."""
    with at("2026-03-31"):
        text = words(browser.get(f"/controls/{world.control.public_id}/"))
    return text.partition("Snapshots")[2].partition("What people changed")[0]


def test_a_control_shows_its_last_steps_and_what_was_not_captured(second_line: LoggedIn) -> None:
    world = World()
    world.finding()
    for day in ("2026-03-28", "2026-03-31"):
        with at(day):
            take_snapshots()
    said = panel(second_line, world)
    assert "4 snapshots are missing: what was not captured in its time is not caught up." in said
    assert "30 Mar : 1 of 1 fail" in said
    assert "29 Mar : not captured" in said
    assert "27 Mar : 1 of 1 fail" in said
    assert "1 1 0 0 complete" in said


def test_the_step_that_has_just_ended_is_not_missing_yet(second_line: LoggedIn) -> None:
    world = World()
    world.control.added_at = datetime(2026, 3, 30, 9, tzinfo=UTC)
    world.control.save()
    said = panel(second_line, world)
    assert "30 Mar : taken within the hour" in said
    assert "not captured" not in said


def test_a_control_that_no_check_shows_has_no_snapshots(second_line: LoggedIn) -> None:
    control = ControlFactory()
    assert "Snapshots" not in words(second_line.get(f"/controls/{control.public_id}/"))


def test_the_first_line_sees_its_own_solutions(log_in: LogIn) -> None:
    world = World()
    SolutionFactory(name="Card vault")
    with at("2026-03-31"):
        take_snapshots()
    person = UserFactory(first_line=True, owns=[world.solution])
    said = panel(log_in(person), world)
    assert world.solution.name in said
    assert "Card vault" not in said


def test_programs_list_snapshots_of_a_control(second_line: LoggedIn) -> None:
    one = SnapshotFactory()
    other = SnapshotFactory(control=one.control)
    SnapshotFactory()
    found = second_line.get(f"/api/v1/snapshots/?control={one.control.public_id}").json()["results"]
    assert [row["evidence"] for row in found] == [other.evidence.public_id, one.evidence.public_id]
    assert {key: found[1][key] for key in ("control", "population", "passing", "failing", "is_complete", "sha256")} == {
        "control": one.control.public_id, "population": 10, "passing": 9, "failing": 1, "is_complete": True,
        "sha256": one.evidence.sha256,
    }  # fmt: skip
    narrowed = second_line.get(f"/api/v1/snapshots/?solution={one.solution.public_id}").json()["results"]
    assert [row["evidence"] for row in narrowed] == [one.evidence.public_id]
    assert second_line.get("/api/v1/snapshots/?control=S-1").status_code == 404


def test_programs_see_what_their_person_sees(log_in: LogIn) -> None:
    person = UserFactory(first_line=True)
    own = SnapshotFactory(evidence__solution=GrantFactory(person=person).solution)
    SnapshotFactory()
    hidden = EvidenceFactory(
        kind=Evidence.Kind.SNAPSHOT, solution=own.solution, confidentiality=Evidence.Confidentiality.RESTRICTED
    )
    SnapshotFactory(evidence=hidden)
    found = log_in(person).get("/api/v1/snapshots/").json()["results"]
    assert [row["evidence"] for row in found] == [own.evidence.public_id]
    assert log_in(administrator=True).get("/api/v1/snapshots/").status_code == 403


def test_the_list_costs_the_same_for_any_number_of_snapshots(second_line: LoggedIn) -> None:
    costs = []
    for more in (1, 2):
        SnapshotFactory.create_batch(more)
        with CaptureQueriesContext(connection) as asked:
            second_line.get("/api/v1/snapshots/")
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_the_panel_costs_the_same_for_any_number_of_steps(second_line: LoggedIn) -> None:
    world = World()
    costs = []
    for day in ("2026-03-29", "2026-03-30", "2026-03-31"):
        with at(day):
            take_snapshots()
        with at("2026-03-31"), CaptureQueriesContext(connection) as asked:
            second_line.get(f"/controls/{world.control.public_id}/")
        costs.append(len(asked))
    assert costs[1] == costs[2]

"""The demo's engagement is made by the verbs, once, when what it is about is there; one test comes to its end."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from assurance.models import AuditFinding, ControlTest, Engagement
from controls.models import Verdict
from findings.models import Status
from tests.clock import at
from tests.evidence.snapshots_world import World
from tests.factories import GrantFactory, UserFactory
from tests.factories.controls import FrameworkVersionFactory

pytestmark = pytest.mark.django_db


def seeded() -> str:
    said = StringIO()
    call_command("seed_assurance", stdout=said)
    return said.getvalue().strip()


def test_it_is_in_fieldwork_with_a_finding_issued(settings: Settings) -> None:
    settings.ENVIRONMENT = "demo"
    with at("2026-03-31"):
        assert seeded() == "0 acts"
        lead = UserFactory(third_line=True)
        owner = GrantFactory(kind="owner").person
        FrameworkVersionFactory()
        assert seeded() == "6 acts"
        assert seeded() == "0 acts"
    made = Engagement.objects.get()
    assert (made.state, made.added_by, made.team.get().declared_at is not None) == ("fieldwork", lead, True)
    found = AuditFinding.objects.get()
    assert (found.state, found.owner, found.solution) == ("issued", owner, made.solutions.get())


def test_once_its_period_is_over_a_test_is_carried_out_and_reviewed(settings: Settings) -> None:
    settings.ENVIRONMENT = "demo"
    with at("2026-03-31"):
        world = World(name="Buckets are closed", method="automated")
        lead, tester = UserFactory(third_line=True), UserFactory(third_line=True)
        GrantFactory(kind="owner", solution=world.solution)
        FrameworkVersionFactory()
        assert seeded() == "8 acts"
        world.finding(Status.PASS)
        world.finding(Status.FAIL)
        assert seeded() == "0 acts"
    with at("2026-04-10"):
        assert seeded() == "7 acts"
        assert seeded() == "0 acts"
    done = ControlTest.objects.get(kind="operation")
    assert (done.state, done.conclusion, done.deviations) == ("reviewed", "not_effective", 1)
    assert (done.prepared_by, done.reviewed_by) == (tester, lead)
    assert Verdict.objects.conclusions().get().result == "not_effective"
    assert ControlTest.objects.get(kind="design").state == "planned"


def test_it_is_made_in_a_demo_only() -> None:
    with pytest.raises(CommandError, match="in a demo only"):
        seeded()

"""The demo's own controls: done by people one after the other, so that every page of controls says something."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import F
from pytest_django.plugin import DjangoDbBlocker

from audit import clock
from audit.models import TrailEntry
from controls import demo
from controls.models import Applicability, Control, Inheritance, Mapping, MappingDecision, Verdict
from organisation.demo import new_passwords
from organisation.demo import seed as seed_people
from organisation.models import Role, User
from sandbox.world.catalogue import controls as checks
from tests.conftest import LogIn
from tests.databases import cloned
from tests.findings_pages.reading_pages import words

pytestmark = [pytest.mark.usefixtures("seeded"), pytest.mark.django_db, pytest.mark.xdist_group("library")]
SOLUTIONS = ("payments", "customer-portal", "data-platform", "hr-systems", "shared-platform", "foundation")
WORLD = {
    "accounts": [
        {"id": f"11111111111{n}", "name": f"{key}-prod", "state": "ACTIVE", "ou_path": "Root", "solution": key}
        for n, key in enumerate(SOLUTIONS)
    ]
}


@pytest.fixture(scope="module")
def seeded(library: None, django_db_blocker: DjangoDbBlocker) -> Iterator[datetime]:
    """When the history began of a demo in which 60 days were lived through in steps, as the tests below find it."""
    with django_db_blocker.unblock(), cloned():
        began = clock.now() + timedelta(hours=1)
        for day in (0, 10, 30, 60):
            with time_machine.travel(began + timedelta(days=day, hours=day and 1), tick=False):
                if not day:
                    seed_people(WORLD, new_passwords())
                assert demo.seed() > 0
        yield began


@pytest.fixture
def began(seeded: datetime, db: None) -> Iterator[datetime]:
    """The same, at its end."""
    with time_machine.travel(seeded + timedelta(days=60, hours=2), tick=False):
        yield seeded


def test_every_control_is_mapped_owned_and_says_something(began: datetime) -> None:
    assert 25 <= Control.objects.count() <= 40
    assert {one.method for one in Control.objects.all()} == {"automated", "manual"}
    assert Control.objects.common().count() >= 6
    assert Inheritance.objects.in_force(clock.now()).count() >= 20
    in_force = Mapping.objects.in_force(clock.now())
    for control in Control.objects.all():
        frameworks = (
            in_force.to_controls().filter(control=control).values_list("requirement__framework__key", flat=True)
        )
        assert len(set(frameworks)) >= 3, control
        assert control.method == Control.Method.MANUAL or in_force.of_controls().filter(control=control).exists()
    own = Mapping.objects.filter(mapping_set=None)
    assert not own.drifting(clock.now()).exists()
    assert not own.filter(rationale="").exists()
    known = set(checks()) | {str(one.rule).upper().replace("-", "_") for one in checks().values()}
    assert {one.key for mapping in own.of_controls().with_ends() if (one := mapping.check_named)} <= known


def test_nobody_approved_what_they_proposed_and_some_proposals_wait(began: datetime) -> None:
    assert not Mapping.objects.filter(approved_by=F("proposed_by")).exists()
    deciders = {User.objects.get(email=f"{name}@example.org").public_id for name in ("jonas", "aroha")}
    assert set(Mapping.objects.exclude(approved_by="").values_list("approved_by", flat=True)) == deciders
    for waiting in (Mapping.objects.filter(mapping_set=None), Mapping.objects.exclude(mapping_set=None)):
        assert waiting.proposed().exists()
    changed = Mapping.objects.get(replaces__isnull=False)
    assert (changed.state, changed.relation) == ("approved", "intersects")
    reversal = MappingDecision.objects.get(action="reverse")
    assert reversal.changed == reversal.reverses.changed == 281  # type: ignore[union-attr]


def test_tests_are_fresh_and_stale_and_some_requirements_do_not_apply(began: datetime) -> None:
    at = clock.now()
    fresh, said = Verdict.objects.showing().fresh(at), Verdict.objects.showing().said(at)
    assert 4 <= fresh.count() < said.count()
    assert Verdict.objects.conclusions().count() == 2
    assert Applicability.objects.excluding(at).count() >= 20
    assert not Applicability.objects.excluding(began + timedelta(hours=1)).exists()
    assert MappingDecision.objects.filter(decided_at__lte=began + timedelta(days=1)).count() == 2


def test_a_second_time_changes_nothing(began: datetime) -> None:
    before = TrailEntry.objects.count()
    assert demo.seed() == 0
    assert TrailEntry.objects.count() == before


def test_only_a_demo_makes_them() -> None:
    with pytest.raises(CommandError, match="set PORTAL_ENVIRONMENT=demo"):
        call_command("seed_controls")


def test_each_line_finds_them(began: datetime, log_in: LogIn) -> None:
    for role, email in ((Role.FIRST, "ana"), (Role.SECOND, "jonas"), (Role.THIRD, "miriam")):
        browser = log_in(User.objects.get(email=f"{email}@example.org"))
        assert browser.person.line == role
        assert "People sign in with two factors" in words(browser.get("/controls/"))

"""The demo's risks, lived through in steps: some wait, some are closed, most are assessed, none says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db.models import Count, F
from pytest_django.plugin import DjangoDbBlocker

from audit import clock
from audit.models import TrailEntry
from controls import demo as controls
from organisation.demo import new_passwords
from organisation.demo import seed as seed_people
from organisation.models import Solution
from risks import demo
from risks.demo_register import seed_register
from risks.models import Assessment, Risk, RiskControl, RiskFindings
from tests.controls.conftest import library, loaded
from tests.controls.test_demo_controls import WORLD
from tests.databases import cloned
from tests.factories.findings import CheckFactory

__all__ = ["library", "loaded"]
pytestmark = [pytest.mark.usefixtures("seeded"), pytest.mark.django_db, pytest.mark.xdist_group("library")]


@pytest.fixture(scope="module")
def seeded(library: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """As 60 days of the demo left it."""
    with django_db_blocker.unblock(), cloned():
        began = clock.now() + timedelta(hours=1)
        assert seed_register(began) == 0, "there is no matrix yet"
        for day in (0, 10, 20, 30, 45, 60):
            with time_machine.travel(began + timedelta(days=day, hours=day and 1), tick=False):
                if not day:
                    seed_people(WORLD, new_passwords())
                    for key in ("S3.8", "RDS.2", "EC2.19"):
                        CheckFactory(source="security_hub", key=key)
                controls.seed()
                demo.seed()
                assert seed_register(clock.now()) > 0
                assert seed_register(clock.now()) == 0, "what is done is not done again"
        yield


def test_every_solution_has_risks_with_levels_controls_and_findings() -> None:
    assert Risk.objects.count() == 25
    assert set(Risk.objects.values_list("solution__name", flat=True)) == set(
        Solution.objects.values_list("name", flat=True)
    )
    assert RiskControl.objects.count() >= 35
    shown = set(RiskFindings.objects.values_list("risk__title", "check_ran__key"))
    assert shown == {
        ("Card data lies in a bucket that anybody can read", "S3.8"),
        ("A payment database answers to the internet", "RDS.2"),
        ("The portal is defaced", "EC2.19"),
        ("The network is explored unnoticed", "EC2.19"),
    }, "those of the checks that are known"
    assert Risk.objects.exclude(inherent=None).count() == 25
    assert Risk.objects.filter(current=None).count() == 2
    assert {one.standing for one in Risk.objects.open()} >= {"within", "above_tolerance", "not_assessed"}


def test_levels_wait_are_declined_and_replaced() -> None:
    assert [one.proposed_by.name for one in Assessment.objects.waiting()] == ["Jonas Lindqvist"]
    (declined,) = Assessment.objects.exclude(declined_at=None)
    assert declined.declined_by == declined.risk.owner
    counted = Assessment.objects.filter(kind="current").exclude(confirmed_at=None).order_by()
    several = counted.values("risk").annotate(stated=Count("pk")).filter(stated__gt=1)
    assert len(several) == 2


def test_nobody_closed_what_they_proposed_to_close() -> None:
    (closed,) = Risk.objects.closed()
    assert closed.title == "Settlement files are changed on their way"
    assert not Risk.objects.filter(closed_by=F("closure_proposed_by")).exists()
    assert Risk.objects.open().exclude(closure_proposed_at=None).count() == 2


def test_the_people_of_the_demo_did_it() -> None:
    who = set(TrailEntry.objects.filter(kind="risk").values_list("actor_name", flat=True))
    assert who == {"Ana Ferreira", "Piotr Nowak", "Wei Zhang", "Lucía Romero", "Jonas Lindqvist"}

"""The demo's steering: decided one after the other, so that every page says something."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command

from audit import clock
from audit.models import TrailEntry
from organisation.demo import new_passwords
from organisation.demo import seed as seed_people
from risks import demo
from risks.models import Appetite, Authority, Category, Matrix
from tests.controls.test_demo_controls import WORLD

pytestmark = pytest.mark.django_db


def test_the_demo_s_governing_bodies_decide_as_time_goes_by() -> None:
    assert demo.seed() == 0, "its people are not there yet"
    seed_people(WORLD, new_passwords())
    began = clock.now()
    with time_machine.travel(began):
        assert demo.seed() > 10
        assert demo.seed() == 0
        assert Appetite.objects.in_force(clock.now()).count() == 4
    with time_machine.travel(began + timedelta(days=60), tick=False):
        assert demo.seed() == 2
        now = clock.now()
        assert (Matrix.objects.count(), Category.objects.in_use().count()) == (1, 6)
        assert (Appetite.objects.count(), Appetite.objects.in_force(now).count()) == (5, 4)
        assert Authority.objects.in_force(now).count() == 5
    decided = TrailEntry.objects.filter(kind__in=["matrix", "appetite", "authority", "category"])
    assert {one.actor_name for one in decided} == {"Jonas Lindqvist"}


def test_only_a_demo_is_seeded() -> None:
    with pytest.raises(CommandError):
        call_command("seed_risks")

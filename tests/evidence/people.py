"""Who has to do with evidence in these tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from audit import clock
from audit.models import TrailEntry
from controls.models import Control
from evidence.models import Evidence
from evidence.uploading import upload
from organisation.models import Solution, User
from tests.evidence import files
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory


@dataclass(frozen=True)
class World:
    """Ana and Cleo work on Payments, Dee does not. Ines is of the second line, Theo of the third, Eva from outside."""

    payments: Solution
    control: Control
    ana: User
    cleo: User
    dee: User
    ines: User
    theo: User
    eva: User


def a_world() -> World:
    payments = SolutionFactory(name="Payments")
    ana, cleo = UserFactory(name="Ana", first_line=True), UserFactory(name="Cleo", first_line=True)
    eva = UserFactory(name="Eva", external=True)
    for person in (ana, cleo, eva):
        GrantFactory(person=person, solution=payments)
    return World(
        payments=payments,
        control=ControlFactory(name="Access is reviewed", manual=True, frequency="quarterly"),
        ana=ana,
        cleo=cleo,
        dee=UserFactory(name="Dee", first_line=True),
        ines=UserFactory(name="Ines", second_line=True),
        theo=UserFactory(name="Theo", third_line=True),
        eva=eva,
    )


def added(world: World, **said: Any) -> Evidence:
    """By Ana, for Payments, of the last thirty days, showing something of the control."""
    now = clock.now()
    told = {
        "kind": "document",
        "title": "Access review",
        "effective_from": now - timedelta(days=30),
        "effective_to": now,
        "solution": world.payments,
        "controls": [world.control],
        **said,
    }
    content = told.pop("content", files.PDF)
    return upload(files.brought("review.pdf", content), by=told.pop("by", world.ana), **told)


def chain(evidence: Evidence) -> list[tuple[str, str]]:
    """Who did what to it, as the trail has it."""
    entries = TrailEntry.objects.about("evidence", evidence.public_id).order_by("id")
    return list(entries.values_list("actor_name", "action"))

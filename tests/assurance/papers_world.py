"""An engagement with a control that one check shows, and a test of how it operated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assurance.models import ControlTest
from controls.models import Control
from findings.models import Status
from organisation.models import Solution
from tests.assurance.people import Story, noon
from tests.evidence.snapshots_world import World
from tests.factories import GrantFactory, UserFactory
from tests.factories.assurance import ControlTestFactory, EngagementFactory, TeamMemberFactory
from tests.factories.findings import ResourceFactory
from tests.factories.organisation import LONG_AGO

TODAY = "2026-03-31"


@dataclass(frozen=True)
class Audit(Story):
    """A story with a control that one check shows of what Payments has; a test of how it operated is planned."""

    world: World
    control: Control
    test: ControlTest


def an_audit(**control: Any) -> Audit:
    world = World(name="Access ends", method="automated", **control)
    payments: Solution = world.solution
    payments.name = "Payments"
    payments.save()
    ida, jo, kai = (UserFactory(name=name, third_line=True) for name in ("Ida", "Jo", "Kai"))
    ana = UserFactory(name="Ana", first_line=True)
    GrantFactory(person=ana, solution=payments, kind="owner")
    engagement = EngagementFactory(
        title="Access audit", of=[payments], added_by=ida, about_from=noon("2026-01-01"), about_to=noon("2026-03-30")
    )
    for person, part in ((ida, "lead"), (jo, "auditor")):
        TeamMemberFactory(engagement=engagement, person=person, part=part)
    test = ControlTestFactory(engagement=engagement, control=world.control)
    return Audit(engagement, payments, ida, jo, kai, ana, world, world.control, test)


def buckets(audit: Audit, n: int, *, failing: int = 0) -> list[Any]:
    """Resources that the check looks at, all of them in Config's inventory."""
    made = []
    for number in range(n):
        resource = ResourceFactory(
            solutions=[audit.payments.pk], in_inventory_at=noon("2026-03-30"), first_seen_at=LONG_AGO
        )
        status = Status.FAIL if number < failing else Status.PASS
        made.append(audit.world.finding(status, resource=resource))
    return made

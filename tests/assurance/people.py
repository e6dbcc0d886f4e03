"""Who has to do with an engagement in these tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assurance.models import Engagement, TeamMember
from organisation.models import Solution, User
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.assurance import EngagementFactory, TeamMemberFactory


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00+00:00")


@dataclass(frozen=True)
class Story:
    """Ida leads an engagement about Payments, Jo is on its team; Kai is an auditor who is not. Ana owns Payments."""

    engagement: Engagement
    payments: Solution
    ida: User
    jo: User
    kai: User
    ana: User


def a_story(**said: Any) -> Story:
    payments = SolutionFactory(name="Payments")
    ida, jo, kai = (UserFactory(name=name, third_line=True) for name in ("Ida", "Jo", "Kai"))
    ana = UserFactory(name="Ana", first_line=True)
    GrantFactory(person=ana, solution=payments, kind="owner")
    engagement = EngagementFactory(title="Access audit", of=[payments], added_by=ida, **said)
    TeamMemberFactory(engagement=engagement, person=ida, part=TeamMember.Part.LEAD)
    TeamMemberFactory(engagement=engagement, person=jo)
    return Story(engagement, payments, ida, jo, kai, ana)

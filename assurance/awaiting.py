"""What of this floor awaits a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from assurance.models import AuditFinding
from organisation.models import User
from organisation.permissions import may
from organisation.standing_in import for_whom, people

State = AuditFinding.State


@dataclass(frozen=True)
class Awaiting:
    """level: the rating, in words. due: the day that was agreed, where one was.
    of: the name of whom they stand in for with it, empty where it is theirs.
    """

    public_id: str
    title: str
    why: str
    url: str
    level: str
    weight: int
    due: date | None
    finding: AuditFinding
    of: str = ""


WEIGHTS = {"critical": 5, "high": 4, "moderate": 3, "low": 2}


def awaiting(user: User, at: datetime) -> list[Awaiting]:
    """Audit findings that they answer for and that are theirs to move. Two queries."""
    if not may(user, "audit_finding.respond"):
        return []
    moves = {
        State.ISSUED.value: _("Respond, and say by when"),
        State.AGREED.value: _("Do what was agreed, and show it"),
    }
    rows = AuditFinding.objects.filter(owner__in=people(user), state__in=moves, issued_at__lte=at).select_related(
        "solution"
    )
    return [
        Awaiting(
            public_id=one.public_id,
            title=one.title,
            why=moves[one.state],
            url=reverse("assurance:finding", args=[one.public_id]),
            level=str(one.get_rating_display()),
            weight=WEIGHTS[one.rating],
            due=one.agreed_on if one.state == State.AGREED else None,
            finding=one,
            of=for_whom(user, one.owner_id),
        )
        for one in rows
    ]

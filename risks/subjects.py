"""What of this floor can be discussed and watched."""

from __future__ import annotations

from django.urls import reverse

from audit.public_id import get_or_404
from desk.panels import owners_of
from desk.subjects import Subject
from organisation.models import User
from organisation.permissions import may
from risks.doors import to_risk
from risks.models import Risk, Triage


def triage(user: User, public_id: str) -> Subject | None:
    """A finding group; its owners are those of its solution."""
    if not may(user, "finding.view"):
        return None
    rows = Triage.objects.visible_to(user).select_related("solution", "check_ran")
    found = get_or_404(rows, public_id)
    return Subject(
        kind="triage",
        public_id=found.public_id,
        title=f"{found.check_ran.key}, {found.account}",
        url=reverse("findings:check", args=[found.check_ran.public_id]),
        owners=owners_of([found.solution_id]),
        solution=found.solution,
    )


def risk(user: User, public_id: str) -> Subject | None:
    if not may(user, "risk.view"):
        return None
    found = get_or_404(Risk.objects.visible_to(user).select_related("owner", "solution"), public_id)
    return Subject(
        kind="risk",
        public_id=found.public_id,
        title=found.title,
        url=to_risk(found),
        owners=(found.owner,),
        solution=found.solution,
    )

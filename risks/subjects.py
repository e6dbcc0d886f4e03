"""What of this floor can be discussed and watched."""

from __future__ import annotations

from audit.public_id import get_or_404
from desk.subjects import Subject
from organisation.models import User
from organisation.permissions import may
from risks.doors import to_risk
from risks.models import Risk


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

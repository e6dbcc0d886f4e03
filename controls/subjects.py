"""What of this floor can be discussed and watched."""

from __future__ import annotations

from django.urls import reverse

from audit.public_id import get_or_404
from controls.models import Control
from desk.subjects import Subject
from organisation.models import User
from organisation.permissions import may


def control(user: User, public_id: str) -> Subject | None:
    if not may(user, "control.view"):
        return None
    found = get_or_404(Control.objects.visible_to(user).select_related("owner", "solution"), public_id)
    return Subject(
        kind="control",
        public_id=found.public_id,
        title=found.name,
        url=reverse("controls:control", args=[found.public_id]),
        owners=(found.owner,),
        solution=found.solution,
    )

"""What of this floor can be discussed and watched."""

from __future__ import annotations

from django.urls import reverse

from audit.public_id import get_or_404
from desk.panels import owners_of
from desk.subjects import Subject
from evidence.models import Evidence
from organisation.models import User
from organisation.permissions import may


def evidence(user: User, public_id: str) -> Subject | None:
    if not may(user, "evidence.view"):
        return None
    rows = Evidence.objects.visible_to(user).select_related("captured_by", "solution")
    return subject_of(get_or_404(rows, public_id))


def subject_of(found: Evidence) -> Subject:
    """Its owners are who brought it, and those of its solution."""
    brought = (found.captured_by,) if found.captured_by else ()
    owners = owners_of([found.solution_id]) if found.solution_id else ()
    return Subject(
        kind="evidence",
        public_id=found.public_id,
        title=found.title,
        url=reverse("evidence:evidence", args=[found.public_id]),
        owners=tuple(dict.fromkeys([*brought, *owners])),
        solution=found.solution,
    )

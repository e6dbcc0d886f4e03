"""A request can be discussed and watched: one thread for each."""

from __future__ import annotations

from django.urls import reverse

from audit.public_id import get_or_404
from desk.subjects import Subject
from evidence.models import EvidenceRequest
from organisation.models import User
from organisation.permissions import may


def evidence_request(user: User, public_id: str) -> Subject | None:
    if not may(user, "evidence_request.view"):
        return None
    rows = EvidenceRequest.objects.visible_to(user).select_related("asked_by", "assignee", "solution")
    found = get_or_404(rows, public_id)
    return Subject(
        kind="evidencerequest",
        public_id=found.public_id,
        title=found.title,
        url=reverse("evidence:request", args=[found.public_id]),
        owners=(found.asked_by, found.assignee),
        solution=found.solution,
    )

"""What was asked about a control: a section of its page."""

from __future__ import annotations

from django.utils import timezone

from controls.models import Control
from evidence.models import EvidenceRequest
from evidence.request_list import as_of, as_they_were, shown, still_open
from evidence.views.request_ask import to_ask
from organisation.middleware import Request
from organisation.panels import Panel
from organisation.permissions import may

SHOWN = 10


def of_control(request: Request, control: Control) -> Panel | None:
    """Its open requests, the first due first. Two queries."""
    if not may(request.user, "evidence_request.view"):
        return None
    moment = request.moment
    rows = as_of(EvidenceRequest.objects.visible_to(request.user).filter(control=control), moment)
    rows = rows.filter(still_open()).select_related("solution", "assignee", "asked_by", "control")
    asks = may(request.user, "evidence_request.ask") and moment.is_now and not control.is_retired(moment.at)
    found = as_they_were(list(rows.order_by("due_on", "id")[: SHOWN + 1]), moment)
    if not found and not asks:
        return None
    content = {
        "control": control,
        "rows": [shown(one, timezone.localdate(moment.at)) for one in found[:SHOWN]],
        "is_cut": len(found) > SHOWN,
        "ask_url": to_ask(control=control.public_id, solution=request.GET.get("solution", "")) if asks else "",
    }
    return Panel("evidence/_requests_panel.html", content)

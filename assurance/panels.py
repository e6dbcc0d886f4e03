"""What this floor adds to the pages of floors below: how auditors tested a control."""

from __future__ import annotations

from assurance.models import ControlTest
from assurance.paper_list import as_of
from controls.models import Control
from organisation.middleware import Request
from organisation.panels import Panel
from organisation.permissions import may

SHOWN = 5


def conclusions_of_control(request: Request, control: Control) -> Panel | None:
    """The latest tests of it that the reader may see; nothing where there are none."""
    if not may(request.user, "engagement.view"):
        return None
    seen = as_of(ControlTest.objects.visible_to(request.user).filter(control=control), request.user, request.moment)
    found = list(seen.select_related("engagement", "solution").order_by("-pk")[:SHOWN])
    return Panel("assurance/_tested.html", found) if found else None

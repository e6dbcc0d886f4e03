"""What was asked about a control or a requirement, and what people attest of it: sections of its page."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from controls.models import Control, Requirement
from controls.verdicts import may_answer
from evidence import attestation_list
from evidence.models import Attestation, EvidenceRequest
from evidence.request_list import as_of, as_they_were, shown, still_open
from evidence.views.request_ask import to_ask
from organisation.middleware import Request
from organisation.panels import Panel
from organisation.permissions import may

SHOWN = 10


def of_control(request: Request, control: Control) -> Panel | None:
    """Its open requests, the first due first. Two queries."""
    asks = not control.is_retired(request.moment.at)
    content = _open_requests(request, asks=asks, control=control)
    return Panel("evidence/_requests_panel.html", {**content, "control": control}) if content else None


def of_requirement(request: Request, requirement: Requirement) -> Panel | None:
    """Its open requests, the first due first. Two queries."""
    content = _open_requests(request, asks=True, requirement=requirement)
    return Panel("evidence/_requests_panel.html", content) if content else None


def _open_requests(request: Request, *, asks: bool, **about: Control | Requirement) -> dict[str, Any] | None:
    """about: a control or a requirement. asks: whether anybody may ask about it still."""
    if not may(request.user, "evidence_request.view"):
        return None
    moment = request.moment
    rows = as_of(EvidenceRequest.objects.visible_to(request.user).filter(**about), moment)
    rows = rows.filter(still_open()).select_related("solution", "assignee", "asked_by", "control")
    asks = asks and may(request.user, "evidence_request.ask") and moment.is_now
    found = as_they_were(list(rows.order_by("due_on", "id")[: SHOWN + 1]), moment)
    if not found and not asks:
        return None
    ids = {name: one.public_id for name, one in about.items()}
    return {
        "rows": [shown(one, timezone.localdate(moment.at)) for one in found[:SHOWN]],
        "is_cut": len(found) > SHOWN,
        "ask_url": to_ask(None, **ids, solution=request.GET.get("solution", "")) if asks else "",
    }


def attestations_of_control(request: Request, control: Control) -> Panel | None:
    """Those that hold or are awaited, the latest period first. Two queries at most."""
    if not may(request.user, "attestation.view"):
        return None
    moment = request.moment
    rows = attestation_list.as_of(Attestation.objects.visible_to(request.user).filter(control=control), moment.at)
    rows = rows.filter(Q(stands__in=["awaited", "so", "not_so"])).select_related("solution", "asked_of", "control")
    found = list(rows.order_by("-period_to", "-id")[: SHOWN + 1])
    acts = moment.is_now and not control.is_retired(moment.at)
    asks = acts and may(request.user, "attestation.ask")
    gives = acts and _speaks(request, control)
    if not found and not asks and not gives:
        return None
    solution = request.GET.get("solution", "")
    about = f"?{urlencode({'solution': solution})}" if solution and not control.solution else ""
    content = {
        "control": control,
        "rows": [attestation_list.shown(one, timezone.localdate(moment.at)) for one in found[:SHOWN]],
        "is_cut": len(found) > SHOWN,
        "ask_url": reverse("evidence:attestation_ask", args=[control.public_id]) + about if asks else "",
        "state_url": reverse("evidence:attestation_state", args=[control.public_id]) + about if gives else "",
    }
    return Panel("evidence/_attestations_panel.html", content)


def _speaks(request: Request, control: Control) -> bool:
    """Of a control that every solution operates, whoever works on one of them speaks for that one."""
    if not may(request.user, "attestation.give"):
        return False
    return control.solution is None or may_answer(request.user, control, control.solution)

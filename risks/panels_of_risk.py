"""What stands on a risk's page of its treatments, exceptions and challenges: a function and a partial each."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from findings.models import Check, Finding
from organisation.middleware import Request
from organisation.panels import Panel
from organisation.permissions import may
from risks.challenging import level_challenged
from risks.exception_list import as_of
from risks.models import Challenge, Risk, RiskException, Treatment
from risks.treating import change_refusal
from risks.treatment_list import with_progress
from risks.views.challenges import told
from risks.views.exceptions import shown

EXCEPTION = ("solution", "risk", "matrix", "asked_by", "accepted_by", "concurred_by")


def treatments(request: Request, risk: Risk) -> dict[str, Any]:
    """For risks/_treatments.html, as `treatments`. One query."""
    at = request.moment.at
    rows = with_progress(Treatment.objects.filter(risk=risk, added_at__lte=at), at)
    open_to = request.moment.is_now and not risk.closed_at and not change_refusal(risk, request.user)
    return {
        "rows": list(rows.select_related("risk__solution", "owner")),
        "at": at,
        "add_url": reverse("risks:treatment_add", args=[risk.public_id]) if open_to else "",
    }


def exceptions(request: Request, risk: Risk) -> dict[str, Any]:
    """For risks/_exceptions.html, as `exceptions`. One query."""
    rows = as_of(RiskException.objects.filter(risk=risk), request.moment).select_related(*EXCEPTION)
    asks = may(request.user, "exception.ask") and request.moment.is_now and not risk.closed_at
    ask_url = f"{reverse('risks:exception_ask')}?risk={risk.public_id}" if asks else ""
    return {"rows": [shown(one) for one in rows], "ask_url": ask_url}


def challenges(request: Request, risk: Risk) -> dict[str, Any]:
    """For risks/_challenges.html, as `challenges`: with the one that its level stands under. Two queries or more."""
    at = request.moment.at
    rows = Challenge.objects.raised(at).filter(risk=risk).select_related("risk", "treatment", "exception", "raised_by")
    return {"rows": [told(one, at) for one in rows], "level": level_challenged(risk, at)}


def of_finding(request: Request, finding: Finding) -> Panel | None:
    """On a finding's page: the exceptions about its check, and the way to ask for one about it."""
    return _about(request, finding.check_ran, f"finding={finding.public_id}")


def of_check(request: Request, check: Check) -> Panel | None:
    solution = request.GET.get("solution", "")
    asked = f"check={check.public_id}" + (f"&solution={solution}" if solution and solution != "none" else "")
    return _about(request, check, asked)


def _about(request: Request, check: Check, asked: str) -> Panel | None:
    seen = RiskException.objects.visible_to(request.user).filter(checks=check)
    rows = [shown(one) for one in as_of(seen, request.moment).select_related(*EXCEPTION)[:20]]
    asks = may(request.user, "exception.ask") and request.moment.is_now
    if not rows and not asks:
        return None
    ask_url = f"{reverse('risks:exception_ask')}?{asked}" if asks else ""
    return Panel("risks/_exceptions_panel.html", {"rows": rows, "ask_url": ask_url})

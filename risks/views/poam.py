"""A solution's plan of action and milestones, as OSCAL."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from controls.results import within
from controls.tables import file_of
from organisation.middleware import Request
from organisation.models import Solution
from organisation.permissions import permitted


@require_safe
@permitted("risk.export")
def export(request: Request) -> HttpResponse:
    """Of now: what was due and who answered for it in the past, the register of that moment says."""
    from risks import oscal, oscal_parts  # OSCAL's models are large: only who writes them loads them

    if not request.moment.is_now:
        raise BadRequest(_("A plan of action and milestones is of now: go back to now"))
    solution = within(request.GET.get("solution", ""), request.user, request.moment.at)
    if not isinstance(solution, Solution):
        messages.info(request, _("A plan of action and milestones is of one solution: choose it."))
        return redirect("risks:exchange")
    facts = oscal.facts_of(solution, request.user, request.moment)
    if not facts.risks:
        words = _("%(solution)s has no open risk above appetite and no treatment: there is nothing to plan.")
        messages.info(request, words % {"solution": solution.name})
        return redirect("risks:exchange")
    plan = oscal.poam_of(facts, request.build_absolute_uri(reverse("controls:frameworks")))
    name = f"poam-{solution.public_id}-{request.moment.at:%Y%m%dT%H%M%SZ}.json"
    return file_of(oscal_parts.as_json(plan), "application/oscal+json", name)

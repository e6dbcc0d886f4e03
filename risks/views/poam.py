"""A solution's plan of action and milestones, as OSCAL."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from controls.results import Within, within
from controls.tables import file_of
from organisation.middleware import Request
from organisation.models import NotAllowed, Solution
from organisation.permissions import permitted


@require_safe
@permitted("risk.export")
def export(request: Request) -> HttpResponse:
    """Of now: what was due and who answered for it in the past, the register of that moment says."""
    try:
        return planned(request, within(request.GET.get("solution", ""), request.user, request.moment.at))
    except NotAllowed as no:
        messages.info(request, str(no))
        return redirect("risks:exchange")


def planned(request: Request, solution: Within) -> HttpResponse:
    """The file. Raises BadRequest for a moment in the past, NotAllowed where there is nothing to plan."""
    from risks import oscal, oscal_parts  # OSCAL's models are large: only who writes them loads them

    if not request.moment.is_now:
        raise BadRequest(_("A plan of action and milestones is of now: go back to now"))
    if not isinstance(solution, Solution):
        raise NotAllowed(_("A plan of action and milestones is of one solution: choose it."))
    facts = oscal.facts_of(solution, request.user, request.moment)
    if not facts.risks:
        words = _("%(solution)s has no open risk above appetite and no treatment: there is nothing to plan.")
        raise NotAllowed(words % {"solution": solution.name})
    plan = oscal.poam_of(facts, request.build_absolute_uri(reverse("controls:frameworks")))
    name = f"poam-{solution.public_id}-{request.moment.at:%Y%m%dT%H%M%SZ}.json"
    return file_of(oscal_parts.as_json(plan), "application/oscal+json", name)

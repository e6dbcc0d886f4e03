"""One engagement: what is audited, by whom, and how far it is."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from assurance.comparing import before
from assurance.engagement_list import seen_by
from assurance.models import Engagement
from assurance.progress import LOOKS, title
from assurance.rights import work_refusal
from assurance.sections import SECTIONS, buttons
from assurance.views.engagements import state_of
from audit.public_id import get_or_404
from organisation.middleware import Request
from organisation.models import Solution
from organisation.permissions import may, permitted

State = Engagement.State


def visible(request: Request) -> QuerySet[Engagement]:
    rows = seen_by(request.user, request.moment)
    return rows.select_related("framework__framework", "added_by", "closed_by")


@require_safe
@permitted("engagement.view")
def engagement(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    stands = state_of(found)
    solutions = list(found.solutions.order_by("name"))
    seen = set(Solution.objects.visible_to(request.user).values_list("pk", flat=True))
    shown = [one for one in solutions if one.pk in seen]
    context: dict[str, Any] = {
        "engagement": found,
        "title": title(found),
        "state": stands.label,
        "look": LOOKS[stands],
        "solutions": shown,
        "others": len(solutions) - len(shown),
        "previous": before(found, request.user),
        "is_moment": found.about_from == found.about_to,
        "sections": [made for section in SECTIONS if (made := section(request, found))],
        "buttons": buttons(request, found),
        "not_working": _not_working(request, found),
    }
    return render(request, "assurance/engagement.html", context)


def _not_working(request: Request, found: Engagement) -> str:
    """Why the reader, of a line that audits, does not work in it; empty where they do or nobody would expect it."""
    if not may(request.user, "engagement.work"):
        return ""
    if not request.moment.is_now:
        return _("You look at another moment: nothing is changed in the past.")
    return work_refusal(request.user, found)

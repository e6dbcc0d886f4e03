"""The permission table as it is enforced, in words."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from organisation.middleware import Request
from organisation.models import Role
from organisation.permission_words import AREAS, rows
from organisation.permissions import permitted


@require_safe
@permitted("permission.view")
def permissions(request: Request) -> HttpResponse:
    areas = [(key, heading, list(rows(words))) for key, heading, words in AREAS]
    held = request.user.roles_today
    context = {
        "heading": _("Who may do what"),
        "areas": areas,
        "roles": [(role.label, role.value in held) for role in Role],
        "asked_for_second_factor": [role.label for role in Role if role.value in settings.MFA_REQUIRED_FOR],
        "step_up_minutes": settings.STEP_UP_MINUTES,
    }
    return render(request, "organisation/permissions.html", context)

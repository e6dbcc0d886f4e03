from __future__ import annotations

from datetime import datetime, timedelta

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from audit.public_id import get_or_404
from controls import history
from controls.models import Requirement
from controls.periods import DAYS, period_figures
from controls.restatement import restated
from controls.results import within
from controls.standing import workings_of_requirement
from findings.models import Check
from organisation.middleware import Request, asked
from organisation.permissions import permitted


@require_safe
@vary_on_headers("HX-Request")
@permitted("framework.view")
def requirement_history(request: Request, public_id: str) -> HttpResponse:
    """How a requirement did over a period: a section of its page, and a page of its own. ?from, to: dates."""
    at = request.moment.at
    found = get_or_404(Requirement.objects.filter(added_at__lte=at).select_related("framework"), public_id)
    scope = within(request.GET.get("solution", ""), request.user, at)
    begin, end = _period(request)
    workings, _each = workings_of_requirement(request.user, request.moment, found.pk, scope, [])
    standing = workings.requirement(found.pk)
    checks = list(Check.objects.filter(pk__in=standing.checks))
    context = {
        "requirement": found,
        "scope": scope,
        "standing": standing,
        "since": history.since(found, request.user, request.moment, scope),
        "strip": history.strip_of(found, request.user, scope, begin, end),
        "period": period_figures(request.user, checks, begin, end, scope) if checks else None,
        "begin": begin,
        "end": end,
        "restated": restated(workings, found.pk, request.user, request.moment),
        "title": _("%(key)s over time") % {"key": found.key},
    }
    template = "controls/_requirement_history.html" if request.htmx else "controls/requirement_history.html"
    return render(request, template, context)


def _period(request: Request) -> tuple[datetime, datetime]:
    """The period asked for, the last days of the moment where none is. Raises BadRequest."""
    end = min(asked(request, "to") or request.moment.at, request.moment.at)
    begin = asked(request, "from")
    begin = begin.replace(hour=0, minute=0, second=0, microsecond=0) if begin and _is_day(request) else begin
    begin = begin or end - timedelta(days=DAYS)
    if begin >= end:
        raise BadRequest("The period must begin before it ends, and not lie ahead.")
    return begin, end


def _is_day(request: Request) -> bool:
    """A day stands for its beginning, where a period begins."""
    return "T" not in request.GET.get("from", "")

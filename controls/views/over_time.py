from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from audit.public_id import get_or_404
from controls import history
from controls.models import Control, ControlSpan, Requirement, RequirementSpan
from controls.periods import DAYS, Period, period_figures
from controls.restatement import restated
from controls.results import Within, within
from controls.standing import Standing, Workings, standings_of_controls, workings_of_requirement
from findings.models import Check
from organisation.middleware import Request, asked
from organisation.models import Solution
from organisation.permissions import permitted


@require_safe
@vary_on_headers("HX-Request")
@permitted("framework.view")
def requirement_history(request: Request, public_id: str) -> HttpResponse:
    """How a requirement did over a period: a section of its page, and a page of its own. ?from, to: dates."""
    at = request.moment.at
    found = get_or_404(Requirement.objects.filter(added_at__lte=at).select_related("framework"), public_id)
    scope = within(request.GET.get("solution", ""), request.user, at)
    told, workings = requirement_over_time(request, found, scope)
    context = {
        "requirement": found,
        "scope": scope,
        **told,
        "restated": restated(workings, found.pk, request.user, request.moment),
        "title": _("%(key)s over time") % {"key": found.key},
        "history_url": reverse("controls:requirement_history", args=[public_id]),
    }
    template = "controls/_over_time.html" if request.htmx else "controls/requirement_history.html"
    return render(request, template, context)


def requirement_over_time(request: Request, found: Requirement, scope: Within) -> tuple[dict[str, Any], Workings]:
    """Where it stands and stood over the period that the address asks for. Raises BadRequest."""
    workings, _each = workings_of_requirement(request.user, request.moment, found.pk, scope, [])
    spans = history.seen(RequirementSpan.objects.filter(requirement=found), request.user, scope)
    return _over_time(request, workings.requirement(found.pk), spans, scope), workings


def control_over_time(request: Request, found: Control, scope: Within) -> dict[str, Any]:
    """The same of a control."""
    standing = standings_of_controls(request.user, request.moment, [found], scope).get(found.pk)
    spans = history.seen(ControlSpan.objects.filter(control=found), request.user, scope)
    return _over_time(request, standing, spans, scope)


def _over_time(request: Request, standing: Standing | None, spans: Any, scope: Within) -> dict[str, Any]:
    begin, end = _period(request)
    return {
        "standing": standing,
        "since": history.since(spans, request.moment.at),
        "strip": history.strip_of(spans, begin, end),
        "period": _figures(request, standing, scope, begin, end) if standing else None,
        "begin": begin,
        "end": end,
    }


@require_safe
@vary_on_headers("HX-Request")
@permitted("control.view")
def control_history(request: Request, public_id: str) -> HttpResponse:
    """The same of a control."""
    user, at = request.user, request.moment.at
    found = get_or_404(Control.objects.visible_to(user).added_by(at), public_id)
    scope = within(request.GET.get("solution", ""), user, at)
    context = {
        "control": found,
        "scope": scope,
        **control_over_time(request, found, scope),
        "title": _("%(name)s over time") % {"name": found.name},
        "history_url": reverse("controls:control_history", args=[public_id]),
    }
    template = "controls/_over_time.html" if request.htmx else "controls/control_history.html"
    return render(request, template, context)


def _figures(request: Request, standing: Standing, scope: Within, begin: datetime, end: datetime) -> Period | None:
    """Of the checks that show it, where there are any: of the solution that answers, if the reader may see it."""
    checks = list(Check.objects.filter(pk__in=standing.checks))
    if standing.answers:
        scope = Solution.objects.visible_to(request.user).filter(pk=standing.answers).first()
        checks = checks if scope else []
    return period_figures(request.user, checks, begin, end, scope) if checks else None


def _period(request: Request) -> tuple[datetime, datetime]:
    """The period asked for, the last days of the moment where none is. Raises BadRequest."""
    end = min(asked(request, "to") or request.moment.at, request.moment.at)
    begin = asked(request, "from")
    begin = begin.replace(hour=0, minute=0, second=0, microsecond=0) if begin and _is_day(request) else begin
    begin = begin or end - timedelta(days=DAYS)
    if begin >= end:
        raise BadRequest(_("The period must begin before it ends, and not lie ahead."))
    return begin, end


def _is_day(request: Request) -> bool:
    """A day stands for its beginning, where a period begins."""
    return "T" not in request.GET.get("from", "")

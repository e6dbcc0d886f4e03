"""What a refusal says: a page to people, problem+json (RFC 9457) to programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import BadRequest
from django.core.exceptions import PermissionDenied as Refused
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from dashboard.views import no_role
from organisation.models import Role, User
from organisation.permissions import MAY, OutOfReach, holders, may
from organisation.problems import CONTENT_TYPE, problem, refuse


def needed_for(user: object, action: str) -> str:
    """In words, what this person would need to be allowed to do this."""
    if action not in MAY:
        return _("Nobody may do this.")
    if may(user, action):
        return _("Nobody decides on their own work: somebody else with your role can.")
    roles = " · ".join(holders(action))
    held = user.line if isinstance(user, User) else None
    if held is None:
        return _("It needs one of these roles: %(roles)s. You hold none today.") % {"roles": roles}
    return _("It needs one of these roles: %(roles)s. Yours today is: %(held)s.") % {
        "roles": roles,
        "held": Role(held).label,
    }


def _answer(request: HttpRequest, status: int, detail: str, **context: object) -> HttpResponse:
    if request.path.startswith("/api/"):
        return refuse(status, detail)
    return render(request, f"{status}.html", {"detail": detail, **context}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    said = str(exception) if isinstance(exception, BadRequest) else ""
    return _answer(request, 400, said or _("The request could not be understood."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    user = request.user
    if isinstance(user, User) and not user.roles_today and not request.path.startswith("/api/"):
        return no_role(request)
    if isinstance(exception, OutOfReach):
        return _answer(request, 403, str(exception), out_of_reach=True)
    return _answer(request, 403, needed_for(user, str(exception)))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, _("There is nothing at this address, or it is not yours to see."))


def server_error(request: HttpRequest) -> HttpResponse:
    detail = _("The portal failed to answer. The fault was written to the log.")
    return _answer(request, 500, detail)


def _by_field(said: Any, field: str = "") -> Iterator[tuple[str, list[str]]]:
    """Each field's reasons; of fields inside others under their names with dots, of no field under "non_field_errors".

    said: what DRF answers with, which is a list where a serializer was not asked.
    """
    if isinstance(said, dict):
        for name, inner in said.items():
            yield from _by_field(inner, f"{field}.{name}" if field else str(name))
        return
    reasons = said if isinstance(said, list) else [said]
    if words := [str(one) for one in reasons if not isinstance(one, dict | list)]:
        yield field or "non_field_errors", words
    for place, inner in enumerate(reasons):
        if isinstance(inner, dict | list) and inner:
            yield from _by_field(inner, f"{field}.{place}" if field else str(place))


def api_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's refusals in one form; `errors` names the fields of a form that was not valid."""
    if isinstance(error, BadRequest):
        error = exceptions.ParseError(str(error))
    answer = exception_handler(error, context)
    if answer is None:
        return None
    detail, more = str(error), {}
    if isinstance(error, exceptions.ValidationError):
        detail, more = _("Some fields are not valid."), {"errors": dict(_by_field(error.detail))}
    elif isinstance(error, exceptions.Throttled):
        detail = _("Too many calls within a minute: go on in %(n)s s.") % {"n": answer.get("Retry-After", "60")}
    elif isinstance(error, OutOfReach):
        detail = str(error)
    elif isinstance(error, Refused):
        detail = needed_for(context["request"].user, str(error))
    elif isinstance(error, Http404):
        detail = _("There is nothing at this address, or it is not yours to see.")
    return Response(
        problem(answer.status_code, detail, **more),
        status=answer.status_code,
        headers=dict(answer.items()),
        content_type=CONTENT_TYPE,
    )

"""Some acts ask once more who is there: whoever found a browser open decides nothing in its owner's name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from audit import clock
from organisation.permissions import STEP_UP
from organisation.problems import refuse
from organisation.sessions import PROVED, since

NOT_SENT = "not_sent"
SAFE = ("GET", "HEAD", "OPTIONS")


def is_needed(request: HttpRequest, action: str) -> bool:
    """Whether the person has to prove once more who they are. No token gets this far (see permissions.token_may)."""
    if action not in STEP_UP or not settings.STEP_UP_MINUTES or SESSION_KEY not in request.session:
        return False
    proved = since(request, PROVED)
    return proved is None or proved > timedelta(minutes=settings.STEP_UP_MINUTES)


def ask(request: HttpRequest) -> HttpResponse:
    """Lead to where it is proved and back to the page; what was typed there is not sent, and that is said."""
    if request.path.startswith("/api/"):
        return _problem(request)
    here = page_of(request)
    if request.method not in SAFE:
        request.session[NOT_SENT] = True
        messages.warning(request, _("Nothing was sent yet: confirm first that it is you, then fill in the form again."))
    address = f"{_where(request)}?{urlencode({'next': here})}"
    if "HX-Request" in request.headers:
        return HttpResponse(status=403, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def page_of(request: HttpRequest) -> str:
    """The page that the person looks at: for what is sent from it, the one it was sent from."""
    if "HX-Request" in request.headers:
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
    elif request.method in SAFE:
        return request.get_full_path()
    else:
        shown = urlsplit(request.headers.get("Referer", ""))
        if not url_has_allowed_host_and_scheme(shown.geturl(), {request.get_host()}):
            return "/"
    return urlunsplit(("", "", shown.path or "/", shown.query, ""))


def _where(request: HttpRequest) -> str:
    methods = get_adapter().get_reauthentication_methods(request.user)
    return methods[0]["url"] if methods else reverse("account_login")


def _problem(request: HttpRequest) -> HttpResponse:
    address = request.build_absolute_uri(_where(request))
    detail = _(
        "This needs a log-in of the last %(n)d minutes: confirm at %(address)s that it is you, and send it again."
    )
    told = detail % {"n": settings.STEP_UP_MINUTES, "address": address}
    return refuse(403, told, confirm_at=address)


def proved(request: HttpRequest, reauthenticated: bool = False, **more: Any) -> None:
    """The person proved once more who they are."""
    if not reauthenticated:
        return
    request.session[PROVED] = clock.now().timestamp()
    if request.session.pop(NOT_SENT, False):
        messages.info(request, _("Thank you. Nothing was sent before: fill in the form again and send it."))

"""What browsers are told with every answer, and what requests may not claim."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.translation import gettext as _

from organisation.problems import refuse

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
CLAIMED = "HTTP_X_REQUEST_ID"
"""By this id the trail holds together what one request did: it is always ours."""
PERMISSIONS = ", ".join(
    f"{name}={who}"
    for name, who in {
        "camera": "()",
        "display-capture": "()",
        "geolocation": "()",
        "microphone": "()",
        "payment": "()",
        "publickey-credentials-get": "(self)",
        "usb": "()",
    }.items()
)


class rules:  # noqa: N801  (named for what it does, in the list of middleware)
    """Outermost but for what measures, so that no answer leaves without them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.META.pop(CLAIMED, None)
        answer = self._refused(request) or self.get_response(request)
        answer.setdefault("Cache-Control", "private, no-store")
        answer.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        answer.setdefault("Permissions-Policy", PERMISSIONS)
        left = getattr(request, "resolver_match", None)
        if request.method == "POST" and left and left.url_name == "account_logout":
            answer["Clear-Site-Data"] = '"cache", "storage"'
        return answer

    def _refused(self, request: HttpRequest) -> HttpResponse | None:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        if settings.SECURE_SSL_REDIRECT and request.path.startswith("/api/") and not request.is_secure():
            return refuse(
                403, _("Use https. What was sent came over the network in the clear: change what was secret in it.")
            )
        return None


class _Cookie(CookieStorage):
    cookie_name = f"{settings.COOKIE_PREFIX}messages"


class Messages(FallbackStorage):
    """Django's own, in a cookie that no other host can set."""

    storage_classes = (_Cookie, SessionStorage)

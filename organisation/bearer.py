"""Programs call the API with a token of a person. It opens what it is made for of what that person may do today."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from audit import clock
from organisation.log_ins import over_since
from organisation.models import ApiToken, Role, User
from organisation.problems import CHALLENGE, ask_to_log_in

GetResponse = Callable[[HttpRequest], HttpResponse]
SAFE = ("GET", "HEAD", "OPTIONS")
log = structlog.get_logger(__name__)


class NotKnown(Exception):
    """The token proves nothing; the message says why, to whoever holds it."""


class bearer:  # noqa: N801  (named for what it does, in the list of middleware)
    """`Authorization: Bearer …` under /api/ says who calls; cookies then count for nothing."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            return self.get_response(request)
        secret = _secret_of(request)
        answer = self.get_response(request) if secret is None else self._by_token(request, secret)
        patch_vary_headers(answer, ["Authorization"])
        return answer

    def _by_token(self, request: HttpRequest, secret: str) -> HttpResponse:
        try:
            token = known(secret)
        except NotKnown as no:
            log.warning("token_refused", because=str(no))
            return ask_to_log_in(str(no), "invalid_token")
        token.use(clock.now(), _address(request))
        request.user = token.person
        with structlog.contextvars.bound_contextvars(token=token.public_id):
            return self.get_response(request)


def known(secret: str) -> ApiToken:
    """The token of this secret, with its person. Raises NotKnown."""
    token, at = ApiToken.objects.with_secret(secret).first(), clock.now()
    if token is None:
        raise NotKnown(_("Nobody has this token."))
    state, person = token.state(at), token.person
    if state == token.State.REVOKED:
        raise NotKnown(_("This token was revoked."))
    if state == token.State.EXPIRED:
        raise NotKnown(_("This token has expired: make a new one."))
    if not person.is_active:
        raise NotKnown(_("The log-in of this token's person is closed."))
    if Role.EXTERNAL in person.roles_today and (over := over_since(person, at)):
        raise NotKnown(over)
    person.token = token
    return token


def refusal(request: HttpRequest) -> str:
    """Why a token that only reads doesn't do it, "" where it may."""
    token = token_of(request)
    if token is None or request.method in SAFE or token.scope == token.Scope.WRITE:
        return ""
    return _("This token only reads.")


def token_of(request: HttpRequest) -> ApiToken | None:
    return request.user.token if isinstance(request.user, User) else None


def _secret_of(request: HttpRequest) -> str | None:
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def _address(request: HttpRequest) -> str:
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return ""


class ByToken(BaseAuthentication):
    """What the middleware found out, told to the API's views: no cookie, so no check against forged forms."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        user = request._request.user
        return (user, user.token) if isinstance(user, User) and user.token else None

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE

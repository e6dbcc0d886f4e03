"""To the identity provider and back: to log in or, for who is logged in, to confirm that it is them."""

from __future__ import annotations

import secrets
from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.core import ratelimit
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from requests import RequestException

from organisation.permissions import public
from organisation.single_sign_on.entry import CONFIRM, failed
from organisation.single_sign_on.provider import Conversation, is_set_up


@public
@never_cache
@require_GET
def enter(request: HttpRequest) -> HttpResponse:
    """A link and no form: `form-action` would hold against every page that the provider itself leads over."""
    if not is_set_up():
        raise Http404
    if limited := _limited(request):
        return limited
    nonce = secrets.token_urlsafe(32)
    asked, process = {"nonce": nonce}, AuthProcess.LOGIN
    if request.user.is_authenticated:
        asked, process = {**asked, "prompt": "login", "max_age": "0"}, CONFIRM
    provider = get_adapter().get_provider(request, settings.OIDC_ISSUER)
    try:
        answer: HttpResponse = provider.redirect(
            request, process, next_url=get_next_redirect_url(request), auth_params=asked, nonce=nonce
        )
    except (OAuth2Error, RequestException) as error:
        return failed(request, error)
    return answer


@public
@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    if not is_set_up():
        raise Http404
    if limited := _limited(request):
        return limited
    answer: HttpResponse = Back.adapter_view(Conversation(request, settings.OIDC_ISSUER))(request)
    return answer


class Back(OAuth2CallbackView):  # type: ignore[misc]
    def _get_state(self, request: HttpRequest, provider: Any) -> tuple[Any, Any]:
        """Known to this browser, and used once. The conversation is held against its nonce."""
        state, answer = super()._get_state(request, provider)
        self.adapter.state = state or {}
        return state, answer


def _limited(request: HttpRequest) -> HttpResponse | None:
    answer: HttpResponse | None = ratelimit.consume_or_429(request, action="single_sign_on", limit_get=True)
    return answer

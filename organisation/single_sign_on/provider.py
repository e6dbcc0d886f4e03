"""The conversation with the identity provider: django-allauth's, made to verify everything and to go nowhere else."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
from allauth.socialaccount import app_settings
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.utils import build_absolute_uri
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from organisation.models import User
from organisation.single_sign_on.claims import Claims

BACK = "single_sign_on_back"
LEEWAY = 60
"""Seconds by which the clocks may differ."""
KEPT = 300
"""Seconds for which the provider's configuration is kept: whoever is not logged in may ask for it."""
WAIT = 10
"""Seconds for which a provider that failed is not asked again, so that nobody keeps the portal waiting for it."""
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures by a key that only the provider has; never "none", never one made with the client's secret."""


class NotBelieved(OAuth2Error):  # type: ignore[misc]
    """The answer is not what the provider would say to this question. The message says why, for the trail."""


class StillFails(NotBelieved):
    """It failed a moment ago, and the trail says why."""


def is_set_up() -> bool:
    return bool(settings.OIDC_ISSUER)


def is_linked(person: User) -> bool:
    """Whether this person logs in through the identity provider."""
    if not is_set_up():
        return False
    return bool(SocialAccount.objects.filter(user=person, provider=settings.OIDC_ISSUER).exists())


def app() -> SocialApp:
    """The provider as the settings describe it. Accounts are kept under its issuer: another one starts anew."""
    return SocialApp(
        provider=IdentityProvider.id,
        provider_id=settings.OIDC_ISSUER,
        name=settings.OIDC_NAME,
        client_id=settings.OIDC_CLIENT_ID,
        secret=settings.OIDC_CLIENT_SECRET,
        settings={
            "server_url": settings.OIDC_ISSUER.rstrip("/"),
            "scope": settings.OIDC_SCOPES,
            "oauth_pkce_enabled": True,
        },
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def is_within_reach(url: str) -> bool:
    """Whether it lies at the issuer's origin, or at one of OIDC_OTHER_ORIGINS."""
    return _origin(url) in {_origin(one) for one in [settings.OIDC_ISSUER, *settings.OIDC_OTHER_ORIGINS]}


class OnlyThere(requests.Session):
    """Goes to the identity provider, and follows it nowhere."""

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        if not is_within_reach(str(url)):
            raise NotBelieved("an address elsewhere")
        return super().request(method, url, *args, **{"timeout": 5, **options, "allow_redirects": False})


def read(url: str) -> dict[str, Any]:
    """What the provider publishes there. Raises NotBelieved, RequestException."""
    with OnlyThere() as session:
        answer = session.get(url)
        answer.raise_for_status()
        told = answer.json()
    if not isinstance(told, dict):
        raise NotBelieved("not an object")
    return told


class Conversation(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """One log-in. state: what was kept when it began, with the nonce."""

    state: dict[str, Any]

    @property
    def openid_config(self) -> dict[str, Any]:
        """Where the provider's endpoints are. Raises NotBelieved where it names another issuer, or places elsewhere."""
        key = f"identity-provider:{settings.OIDC_ISSUER}"
        if cache.get(f"{key}:fails"):
            raise StillFails("still fails")
        try:
            found: dict[str, Any] = cache.get(key) or read(self.get_provider().server_url)
            if found.get("issuer") != settings.OIDC_ISSUER:
                raise NotBelieved("another issuer")
            places = [found.get(name, "") for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
            if not all(map(is_within_reach, places)):
                raise NotBelieved("an address elsewhere")
        except (NotBelieved, requests.RequestException):
            cache.set(f"{key}:fails", True, WAIT)
            raise
        cache.add(key, found, KEPT)
        return found

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return str(build_absolute_uri(request, reverse(BACK)))

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **more: Any) -> SocialLogin:
        """With `claims`. Raises NotBelieved."""
        told = self._verified(app, str(more["response"].get("id_token") or ""))
        userinfo = self.openid_config.get("userinfo_endpoint", "")
        if userinfo and is_within_reach(userinfo):
            said = self._fetch_user_info(token.token)
            if not isinstance(said, dict) or said.get("sub") != told["sub"]:
                raise NotBelieved("user info of somebody else")
            told = {**said, **told}
        login = self.get_provider().sociallogin_from_response(request, told)
        login.claims = Claims.of(told)
        return login

    def _verified(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        """Source: OpenID Connect Core 1.0, 3.1.3.7."""
        try:
            told: dict[str, Any] = jwt.decode(
                id_token,
                self._key(jwt.get_unverified_header(id_token).get("kid")),
                algorithms=ALGORITHMS,
                audience=app.client_id,
                issuer=settings.OIDC_ISSUER,
                leeway=LEEWAY,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.PyJWTError as error:
            raise NotBelieved(f"id token: {type(error).__name__}") from error
        if not constant_time_compare(str(told.get("nonce")), self.state["nonce"]):
            raise NotBelieved("id token: another nonce")
        if not 0 < len(told["sub"]) <= app_settings.UID_MAX_LENGTH:
            raise NotBelieved("id token: nobody, or a name that is too long")
        if told.get("azp", app.client_id) != app.client_id:
            raise NotBelieved("id token: for somebody else")
        return told

    def _key(self, kid: str | None) -> jwt.PyJWK:
        keys = jwt.PyJWKSet.from_dict(read(self.openid_config["jwks_uri"])).keys
        found = [key for key in keys if kid is None or key.key_id == kid]
        if len(found) != 1:
            raise NotBelieved("id token: signed with an unknown key")
        return found[0]


class IdentityProvider(OpenIDConnectProvider):  # type: ignore[misc]
    """Keeps who somebody is there, and nothing else that it says."""

    package = "organisation.single_sign_on"
    oauth2_adapter_class = Conversation

    def get_callback_url(self) -> str:
        return reverse(BACK)

    def extract_extra_data(self, data: Any) -> dict[str, Any]:
        return {}

    def extract_common_fields(self, data: Any) -> dict[str, Any]:
        return {}

    def extract_email_addresses(self, data: Any) -> list[Any]:
        return []

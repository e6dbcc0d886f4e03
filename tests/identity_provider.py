"""An OpenID Connect provider on this machine, of Authlib's parts: code flow, PKCE and nonce demanded, signed id tokens.

A test says who is logged in there and, where its sentence is about it, what the provider does wrong.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AccessDeniedError, AuthorizationCodeMixin, ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from django.test import Client
from flask import Flask, Response, jsonify, request
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "portal", "a secret between two"
ENTER = "/account/single-sign-on/"
LOG_IN = "/account/login/"
FAILED = "The log-in by Example ID failed."
ANA = {"sub": "ana-1", "name": "Ana Example", "email": "ana@example.org", "email_verified": True}
USERINFO_ONLY = {"groups", "email", "email_verified", "name"}
"""What a provider with small id tokens tells at its user info alone."""


class Portal(ClientMixin):
    """The portal, as the provider registered it."""

    id_token_signed_response_alg = "RS256"

    def get_client_id(self) -> str:
        return CLIENT

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == f"http://testserver{ENTER}back/"

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    code: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    user: dict[str, Any]

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.user.get("auth_time", time.time()))

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> Any:
        return self.user.get("amr")


@dataclass
class Provider:
    """person: the claims of who is logged in there; None: they refuse to go on."""

    address: str = ""
    person: dict[str, Any] | None = None
    keys: list[RSAKey] = field(default_factory=lambda: [RSAKey.generate_key(2048, {"use": "sig", "kid": "first"})])
    published: list[RSAKey] | None = None
    small_tokens: bool = False
    change_claims: Callable[[dict[str, Any]], dict[str, Any]] = dict
    change_token: Callable[[str], str] = str
    change_userinfo: Callable[[dict[str, Any]], dict[str, Any]] = dict
    configuration: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


def _grants(provider: Provider) -> tuple[type[grants.AuthorizationCodeGrant], OpenIDCode]:
    class Grant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

        def save_authorization_code(self, code: str, request: Any) -> None:
            said = request.payload.data
            provider.codes[code] = Code(
                code,
                request.payload.redirect_uri,
                request.payload.scope,
                said["nonce"],
                said["code_challenge"],
                said["code_challenge_method"],
                request.user,
            )

        def query_authorization_code(self, code: str, client: Any) -> Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            del provider.codes[authorization_code.code]

        def authenticate_user(self, authorization_code: Code) -> dict[str, Any]:
            return authorization_code.user

    class Signed(OpenIDCode):
        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return any(code.nonce == nonce for code in provider.codes.values())

        def resolve_client_private_key(self, client: Any) -> RSAKey:
            return provider.keys[0]

        def get_client_claims(self, client: Any) -> dict[str, Any]:
            return {"iss": provider.address, "aud": CLIENT}

        def get_encode_header(self, client: Any) -> dict[str, str]:
            return {"alg": "RS256", "kid": str(provider.keys[0].kid)}

        def generate_user_info(self, user: dict[str, Any], scope: str) -> dict[str, Any]:
            left_out = USERINFO_ONLY if provider.small_tokens else set()
            return provider.change_claims({key: value for key, value in user.items() if key not in left_out})

        def process_token(self, grant: Any, response: Any) -> Any:
            token = super().process_token(grant, response)
            token["id_token"] = provider.change_token(token["id_token"])
            return token

    return Grant, Signed(require_nonce=True)


def _app(provider: Provider) -> Flask:
    app = Flask(__name__)

    def save_token(token: dict[str, Any], request: Any) -> None:
        provider.tokens[token["access_token"]] = request.user

    server = AuthorizationServer(app, query_client={CLIENT: Portal()}.get, save_token=save_token)
    grant, signed = _grants(provider)
    server.register_grant(grant, [signed, CodeChallenge(required=True)])

    @app.before_request
    def note() -> None:
        provider.asked.append(request.path)

    @app.get("/.well-known/openid-configuration")
    def configuration() -> Response:
        here = provider.address
        told = {
            "issuer": here,
            "authorization_endpoint": f"{here}/authorize",
            "token_endpoint": f"{here}/token",
            "jwks_uri": f"{here}/keys",
            "userinfo_endpoint": f"{here}/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
        return jsonify({**told, **provider.configuration})

    @app.get("/keys")
    def keys() -> Any:
        return KeySet([*(provider.published or provider.keys)]).as_dict(private=False)

    @app.get("/authorize")
    def authorize() -> Any:
        grant = server.get_consent_grant(end_user=provider.person)
        if provider.person is None:
            denied = AccessDeniedError(redirect_uri=request.args["redirect_uri"])
            denied.state = request.args["state"]
            return server.handle_error_response(grant.request, denied)
        return server.create_authorization_response(grant=grant, grant_user=provider.person)

    @app.post("/token")
    def token() -> Any:
        return server.create_token_response()

    @app.get("/userinfo")
    def userinfo() -> Any:
        told = provider.tokens[request.headers["Authorization"].removeprefix("Bearer ")]
        return jsonify(provider.change_userinfo(told))

    return app


@contextmanager
def running() -> Iterator[Provider]:
    provider = Provider()
    server = make_server("127.0.0.1", 0, _app(provider), threaded=True)
    provider.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def asked_at(provider: Provider, browser: Client, enter: str = ENTER) -> str:
    """Where the provider sends this browser back to, after its own page."""
    begun: Any = browser.get(enter)
    assert begun.status_code == 302, begun.content
    assert begun["Location"].startswith(f"{provider.address}/authorize?"), begun["Location"]
    answer = requests.get(begun["Location"], allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def back(browser: Client, address: str) -> Any:
    parts = urlsplit(address)
    return browser.get(f"{parts.path}?{parts.query}")


def entered(provider: Provider, browser: Client, enter: str = ENTER) -> Any:
    """The whole way there and back."""
    return back(browser, asked_at(provider, browser, enter))


def ana(*groups: str, **more: Any) -> dict[str, Any]:
    return {**ANA, "groups": list(groups), **more}


def said(answer: Any, browser: Client) -> str:
    """What the page tells to which an answer leads."""
    return str(browser.get(answer["Location"]).content.decode())


def refused(provider: Provider, browser: Client | None = None) -> str:
    """What they are told who come back from the provider and don't enter."""
    browser = browser or Client()
    answer = entered(provider, browser)
    assert (answer.status_code, answer["Location"]) == (302, LOG_IN)
    told = said(answer, browser)
    assert browser.get("/")["Location"].startswith(LOG_IN)
    return told

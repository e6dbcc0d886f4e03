"""Who a request comes from: dummy keys, keys that name an account, sessions of assumed roles."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re

from sandbox.calls import Principal
from sandbox.protocol import AwsError, Credential
from sandbox.world import World

_ACCOUNT_KEY = re.compile(r"^AKIA(\d{12})")
_QUERY_SERVICES = ("sts",)


def _signature(world: World, text: str) -> str:
    return hmac.new(f"sandbox/{world.seed}".encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def session_token(world: World, *, key: str, account: str, role: str, session: str, expires: int) -> str:
    """An opaque token that carries the whole identity, so that a restarted sandbox still knows it."""
    content = json.dumps([key, account, role, session, expires])
    return base64.b64encode(f"{_signature(world, content)}{content}".encode()).decode()


def role_id(account: str, role: str) -> str:
    return "AROA" + hashlib.sha256(f"{account}/{role}".encode()).hexdigest()[:17].upper()


def principal(world: World, credential: Credential, now: int) -> Principal:
    """The caller. Raises AwsError for keys and sessions that AWS would not accept."""
    if credential.access_key.startswith("ASIA") or credential.token:
        return _session(world, credential, now)
    match = _ACCOUNT_KEY.match(credential.access_key)
    account = match[1] if match else world.hub.id
    _check_account(world, account, credential.service)
    return Principal(account, f"arn:aws:iam::{account}:user/sandbox", "AIDA" + credential.access_key[:16].upper())


def _check_account(world: World, account: str, service: str) -> None:
    known = world.accounts.get(account)
    if known is None or known.state != "ACTIVE":
        code = "InvalidClientTokenId" if service in _QUERY_SERVICES else "UnrecognizedClientException"
        raise AwsError(code, "The security token included in the request is invalid.")


def _session(world: World, credential: Credential, now: int) -> Principal:
    query = credential.service in _QUERY_SERVICES
    invalid = AwsError(
        "InvalidClientTokenId" if query else "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )
    try:
        text = base64.b64decode((credential.token or "").encode(), validate=True).decode()
        signature, content = text[:32], text[32:]
        key, account, role, session, expires = json.loads(content)
    except (ValueError, binascii.Error, UnicodeDecodeError):
        raise invalid from None
    if not hmac.compare_digest(signature, _signature(world, content)) or key != credential.access_key:
        raise invalid
    if now >= expires:
        raise expired(credential.service)
    _check_account(world, account, credential.service)
    return Principal(
        account,
        f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        f"{role_id(account, role)}:{session}",
        session=True,
    )


def expired(service: str) -> AwsError:
    code = "ExpiredToken" if service in _QUERY_SERVICES else "ExpiredTokenException"
    return AwsError(code, "The security token included in the request is expired")

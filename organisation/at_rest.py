"""Secrets of second factors in the database, locked with keys that stand outside of it: SECOND_FACTOR_KEYS."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

MARK = "locked:"


def lock(text: str) -> str:
    """With the first key."""
    return MARK + _box(tuple(settings.SECOND_FACTOR_KEYS)).encrypt(text.encode()).decode()


def unlock(text: str) -> str:
    """With whichever key it was locked; what was kept before there were any is in the clear.

    Raises ImproperlyConfigured where no key opens it.
    """
    if not text.startswith(MARK):
        return text
    try:
        return _box(tuple(settings.SECOND_FACTOR_KEYS)).decrypt(text.removeprefix(MARK)).decode()
    except InvalidToken as no:
        words = "No key of SECOND_FACTOR_KEYS opens what a second factor was locked with; see docs/security.md."
        raise ImproperlyConfigured(words) from no


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(urlsafe_b64encode(_derived(key))) for key in keys])


def _derived(key: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"second factors at rest").derive(key.encode())

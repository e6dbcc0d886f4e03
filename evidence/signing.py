"""The portal's key: what it signs can be held against a fingerprint that was published elsewhere.

The key lies in a file outside the database (SIGNING_KEY_FILE, Ed25519, PEM), so that who owns the database cannot sign.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def sign(content: bytes) -> bytes:
    """64 bytes. Raises ImproperlyConfigured where there is no key."""
    return _key().sign(content)


def public_pem(file: str = "") -> bytes:
    """The public key as openssl reads it; of the portal's own key, or of the one in a file."""
    key = _loaded(file) if file else _key()
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(pem: bytes | None = None) -> str:
    """SHA-256 of a public key in PEM (None: the portal's own), hexadecimal: what is published."""
    return hashlib.sha256(pem if pem is not None else public_pem()).hexdigest()


def has_key() -> bool:
    return bool(settings.SIGNING_KEY_FILE)


def known_keys() -> dict[str, bytes]:
    """Public keys in PEM by fingerprint: the portal's own, and those it signed with before (SIGNING_OLD_KEYS)."""
    found = [public_pem()] if has_key() else []
    if settings.SIGNING_OLD_KEYS:
        for file in sorted(Path(settings.SIGNING_OLD_KEYS).glob("*.pem")):
            key = load_pem_public_key(file.read_bytes())
            found.append(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return {fingerprint(pem): pem for pem in found}


def is_signed(content: bytes, signature: bytes, pem: bytes) -> bool:
    """Whether the key with this public key signed just this."""
    key = load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        return False
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def make_key(file: Path) -> None:
    """A new key in a file that only its owner reads. Raises FileExistsError: a key is never overwritten."""
    content = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)


def _key() -> Ed25519PrivateKey:
    if not settings.SIGNING_KEY_FILE:
        raise ImproperlyConfigured("Set SIGNING_KEY_FILE; python manage.py make_signing_key makes the key.")
    return _loaded(settings.SIGNING_KEY_FILE)


@lru_cache(maxsize=4)
def _loaded(file: str) -> Ed25519PrivateKey:
    key = load_pem_private_key(Path(file).read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ImproperlyConfigured(f"SIGNING_KEY_FILE: {file} holds no Ed25519 key.")
    return key

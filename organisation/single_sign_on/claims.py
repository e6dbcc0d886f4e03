"""What the identity provider says of a person, once it is verified that it is the provider who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from allauth.account.internal.emailkit import valid_email_or_none
from django.conf import settings


@dataclass(frozen=True)
class Claims:
    """groups: None where the provider leaves them out for being too many. proved_at: Unix time of the log-in there."""

    subject: str
    name: str
    email: str
    is_verified: bool
    groups: frozenset[str] | None
    methods: frozenset[str]
    proved_at: float | None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        verified = told.get(settings.OIDC_EMAIL_VERIFIED_CLAIM)
        email = (valid_email_or_none(str(told.get("email") or "").strip()) or "").lower()
        proved_at = told.get("auth_time")
        return cls(
            subject=str(told["sub"]),
            name=str(told.get("name") or told.get("preferred_username") or email)[:200],
            email=email,
            is_verified=bool(email) and (verified is True or verified == "true"),
            groups=_groups(told),
            methods=_names(told.get("amr")) | _names(told.get("acr")),
            proved_at=float(proved_at) if isinstance(proved_at, int | float) else None,
        )

    @property
    def has_second_factor(self) -> bool:
        """Whether the provider used one of the methods that count (OIDC_SECOND_FACTOR)."""
        return bool(self.methods & settings.OIDC_SECOND_FACTOR)


def _groups(told: Mapping[str, Any]) -> frozenset[str] | None:
    """Source: OpenID Connect Core 1.0, 5.6.2: `_claim_names` says which claims are to be fetched elsewhere."""
    elsewhere = told.get("_claim_names")
    if isinstance(elsewhere, dict) and settings.OIDC_GROUPS_CLAIM in elsewhere:
        return None
    return _names(told.get(settings.OIDC_GROUPS_CLAIM))


def _names(said: Any) -> frozenset[str]:
    """A claim that is one name, or a list of names."""
    names = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    return frozenset(name for name in names if isinstance(name, str) and name)

"""What a new password ends: whoever had the old one may have made a token with it, or be logged in by it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import ngettext

from audit import clock, trail
from organisation.models import User

BECAUSE = "new password"


@transaction.atomic
def changed(request: HttpRequest, user: User, **more: Any) -> None:
    """By themselves, or by a link. Every token of theirs ends; other sessions end because they carry the old hash."""
    live = list(user.api_tokens.live(clock.now()).select_related("person"))
    for token in live:
        token.revoke(by=user, because=BECAUSE)
    trail.record(user, "person.password_changed", user, tokens_ended=len(live))
    if live:
        words = ngettext(
            "%(n)d token for a program ended with the old password: make a new one where it is still needed.",
            "%(n)d tokens for programs ended with the old password: make new ones where they are still needed.",
            len(live),
        )
        messages.warning(request, words % {"n": len(live)})

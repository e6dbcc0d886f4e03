"""Passwords that somebody who knows the place would try first, and those that are known from breaches elsewhere."""

from __future__ import annotations

import re
from hashlib import sha1
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from organisation.models import User

OF_THE_PRODUCT = "compliance portal"
SHORTEST = 4
"""Letters of a word that counts: shorter ones stand in other words by chance."""


class NoWordsOfHere:
    """No word of the organisation's or the product's name, of the person's own or of their address."""

    def validate(self, password: str, user: User | None = None) -> None:
        said = password.lower()
        if found := next((word for word in self._words(user) if word in said), ""):
            raise ValidationError(_("“%(word)s” is easy to guess here: leave it out.") % {"word": found})

    def _words(self, user: User | None) -> list[str]:
        own = f"{user.name} {user.email.rpartition('.')[0]}" if user else ""
        known = f"{settings.ORGANISATION_NAME} {OF_THE_PRODUCT} {own}".lower()
        return [word for word in re.findall(r"[^\W_]+", known) if len(word) >= SHORTEST]

    def get_help_text(self) -> str:
        return _("Leave out names: yours, the organisation’s and the portal’s.")


class NotBreached:
    """None of those in a file: SHA-1 in capitals, a line each, in order.

    What follows a hash on its line, such as how often it was seen, doesn't matter. Source of such a file:
    https://github.com/HaveIBeenPwned/PwnedPasswordsDownloader
    """

    def __init__(self, file: str) -> None:
        self.file = Path(file)

    def validate(self, password: str, user: User | None = None) -> None:
        digest = sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        if _stands_in(self.file, digest.encode()):
            raise ValidationError(_("This password is known from a breach somewhere: choose another one."))

    def get_help_text(self) -> str:
        return _("None that is known from a breach somewhere.")


def _stands_in(file: Path, digest: bytes) -> bool:
    """Whether a line of the file, whose lines are in order, begins with it. Raises OSError."""
    with file.open("rb") as lines:
        low, high = 0, file.stat().st_size
        while low < high:
            middle = (low + high) // 2
            lines.seek(middle)
            if middle:
                lines.readline()
            line = lines.readline()
            if line and line < digest:
                low = middle + 1
            else:
                high = middle
        lines.seek(low)
        if low:
            lines.readline()
        return lines.readline().startswith(digest)

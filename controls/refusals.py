from __future__ import annotations

from django.utils.functional import Promise

from organisation.models import NotAllowed


class Refused(NotAllowed):
    """The words say why, and what would be allowed. field: of what was said; empty where it is about all of it."""

    def __init__(self, words: str | Promise, field: str = "") -> None:
        super().__init__(words)
        self.field = field

from __future__ import annotations

from organisation.models import NotAllowed


class Refused(NotAllowed):
    """A rule stands against it. The words say why, and what would be allowed. field: of the form, where it is one's."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field

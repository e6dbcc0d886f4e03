from __future__ import annotations

from typing import Self

from django.db import models


class StaleRow(Exception):
    """Somebody else saved the row since it was read."""


class RowVersion(models.Model):
    """A row that people edit: two people cannot overwrite each other unawares."""

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True

    def save_version(self, *, read: int) -> None:
        """Save every field if the row still has the version that was read. Raises StaleRow."""
        rows: models.QuerySet[Self] = type(self)._default_manager.filter(pk=self.pk, version=read)  # type: ignore[assignment]
        if not rows.update(version=read + 1):
            raise StaleRow
        self.version = read + 1
        self.save()

    def hold(self, *, read: int) -> None:
        """Lock the row, for this transaction, if it still has the version that was read. Raises StaleRow."""
        if not type(self)._default_manager.select_for_update().filter(pk=self.pk, version=read).exists():
            raise StaleRow

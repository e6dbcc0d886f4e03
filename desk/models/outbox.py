from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models

from audit import clock
from audit.public_id import PublicId

MOST_TRIES = 12
"""The pause doubles from two minutes, so the last try is about three days after the first."""


class OutboxQuerySet(models.QuerySet["OutboxMessage"]):
    def unsent(self) -> Self:
        return self.filter(sent_at=None)

    def due(self, at: datetime) -> Self:
        return self.unsent().filter(tries__lt=MOST_TRIES, due_at__lte=at)

    def write(self, key: str, *, to: str, subject: str, body: str) -> None:
        """Send this once the transaction is committed. A key that was written before is left alone."""
        at = clock.now()
        message = OutboxMessage(key=key, to=to, subject=subject, body=body, written_at=at, due_at=at)
        self.bulk_create([message], ignore_conflicts=True)


class OutboxMessage(PublicId):
    """An e-mail that leaves once the transaction that caused it is committed, and exactly once."""

    public_prefix = "O"

    key = models.CharField(max_length=200, unique=True, help_text="Writing it twice sends it once.")
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    body = models.TextField(blank=True, help_text="Emptied once it is sent: it may hold a link that opens a door.")
    written_at = models.DateTimeField()
    due_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="outbox_unsent", condition=models.Q(sent_at=None)),
        ]

    def __str__(self) -> str:
        return self.subject

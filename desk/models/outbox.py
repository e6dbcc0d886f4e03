from __future__ import annotations

from typing import Self

from django.db import models

from audit.public_id import PublicId


class OutboxQuerySet(models.QuerySet["OutboxMessage"]):
    def unsent(self) -> Self:
        return self.filter(sent_at=None)


class OutboxMessage(PublicId):
    """An e-mail that leaves once the transaction that caused it is committed, and exactly once."""

    public_prefix = "O"

    key = models.CharField(max_length=200, unique=True, help_text="Writing it twice sends it once.")
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    body = models.TextField()
    written_at = models.DateTimeField()
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

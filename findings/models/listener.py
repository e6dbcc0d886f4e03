from __future__ import annotations

from django.db import models

from findings.models.connection import Connection


class Listener(models.Model):
    """Who listens to a connection's event queue, and how that goes. The row is the work: whoever holds it listens.

    lease_until, fence: as a scope's, by the database's clock. heard_at: when the last message came. behind: how
    old the oldest message was, in seconds, when the last ones were taken. waiting: messages in the queue, as
    AWS estimates. trouble: why the queue cannot be read, in words; empty while it can.
    """

    connection = models.OneToOneField(Connection, on_delete=models.PROTECT, related_name="listener")
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)
    since = models.DateTimeField(null=True, help_text="Since when the queue is listened to, or since when it is not.")
    seen_at = models.DateTimeField(null=True, help_text="When the queue last answered.")
    heard_at = models.DateTimeField(null=True)
    behind = models.FloatField(null=True)
    waiting = models.PositiveIntegerField(null=True)
    trouble = models.CharField(max_length=500, blank=True)
    received = models.PositiveBigIntegerField(default=0)
    changed = models.PositiveBigIntegerField(default=0, help_text="Findings that they added or changed.")
    outdated = models.PositiveBigIntegerField(default=0, help_text="What a complete reading had told already.")
    set_aside = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"events of {self.connection}"

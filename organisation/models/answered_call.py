from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models

from organisation.models.person import User

KEPT = timedelta(hours=24)


class AnsweredCallQuerySet(models.QuerySet["AnsweredCall"]):
    def over(self, at: datetime) -> Self:
        return self.filter(called_at__lte=at - KEPT)


class AnsweredCall(models.Model):
    """A call with an Idempotency-Key and what was answered, committed with what the call did.

    digest: SHA-256 of what was called and sent. status: 0 while it is being answered, which nobody else sees.
    """

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.JSONField(null=True)
    called_at = models.DateTimeField()

    objects = AnsweredCallQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="answered_once", fields=["person", "key"])]
        indexes = [models.Index(name="answered_calls_by_age", fields=["called_at"])]

    def __str__(self) -> str:
        return self.key

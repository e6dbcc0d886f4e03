from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from organisation.models import User


class Closing(models.Model):
    """One proposes that it is closed, another confirms. proposed_by: None where the portal proposed it."""

    closure_proposed_at = models.DateTimeField(null=True, editable=False)
    closure_proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, editable=False, related_name="+")
    closure_because = models.TextField(blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, editable=False, related_name="+")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(class)s_closed_after_it_was_proposed",
                condition=Q(closed_at=None) | Q(closed_at__gte=F("closure_proposed_at")),
            ),
            models.CheckConstraint(
                name="%(class)s_closed_by_and_at_together",
                condition=Q(closed_at=None, closed_by=None)
                | Q(closed_at__isnull=False, closed_by__isnull=False, closure_proposed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="%(class)s_closed_by_another_than_proposed",
                condition=Q(closed_by=None) | Q(closure_proposed_by=None) | ~Q(closed_by=F("closure_proposed_by")),
            ),
        ]

    def is_closed(self, at: datetime) -> bool:
        return self.closed_at is not None and self.closed_at <= at

"""Legal holds: what they cover is kept, however long ago its time was over."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q

from audit.public_id import PublicId
from evidence.models.evidence import Evidence
from organisation.models import Solution, User


class LegalHoldQuerySet(models.QuerySet["LegalHold"]):
    def in_force(self, at: datetime) -> Self:
        return self.filter(Q(set_at__lte=at) & (Q(released_at=None) | Q(released_at__gt=at)))

    def covering(self, evidence: Evidence) -> Self:
        """Those on it, on its solution, or on everything."""
        rows = Q(evidence=evidence) | Q(evidence=None, solution=None)
        if evidence.solution_id:
            rows |= Q(solution=evidence.solution_id)
        return self.filter(rows)


class LegalHold(PublicId):
    """On one piece of evidence, on all of a solution, or (both None) on everything."""

    public_prefix = "LH"

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, null=True, related_name="holds")
    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, null=True, related_name="+")
    because = models.TextField(max_length=2000)
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    released_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    released_at = models.DateTimeField(null=True)
    released_because = models.TextField(max_length=2000, blank=True)

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="legal_hold_is_on_one_thing", condition=Q(evidence=None) | Q(solution=None)),
            models.CheckConstraint(
                name="legal_hold_released_at_by_and_why_together",
                condition=Q(released_at=None, released_by=None, released_because="")
                | (Q(released_at__gte=F("set_at"), released_by__isnull=False) & ~Q(released_because="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id}: {self.because}"

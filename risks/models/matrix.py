"""The matrix by which the organisation states levels, each version of it kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from audit.public_id import PublicId
from organisation.models import User

FEWEST, MOST = 3, 6
"""Rows, columns and levels of a matrix: 3x3 to 6x6."""


class MatrixQuerySet(models.QuerySet["Matrix"]):
    def adopted(self, at: datetime) -> Self:
        return self.filter(adopted_at__lte=at)

    def in_force(self, at: datetime) -> Matrix | None:
        """The latest that was adopted by then; None where the organisation had none yet."""
        return self.adopted(at).order_by("-adopted_at", "-pk").first()


class Matrix(PublicId):
    """One version of the matrix. Append-only: a change is a new version, old assessments keep theirs.

    likelihoods, impacts: labels from the least to the most, FEWEST to MOST of them. levels: from the lowest to the
    highest, each {"label", "tone"}; tone: 1 to 6, a step of the ramp of severities. cells: cells[likelihood][impact]
    is the index of a level: levels are looked up, never reckoned. by_severity: the level that a failing finding of a
    severity stands for where no risk is named, by its rank. carried: for each level of the version before
    it, the level that it reads as in this one; empty for the first.
    """

    public_prefix = "MX"

    likelihoods = models.JSONField()
    impacts = models.JSONField()
    levels = models.JSONField()
    cells = models.JSONField()
    by_severity = models.JSONField()
    carried = models.JSONField(default=list)
    follows = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="followed_by")
    because = models.TextField()
    approved_by = models.CharField(max_length=200, help_text="The governing body that approved it, e.g. a committee.")
    approved_on = models.DateField()
    reference = models.CharField(max_length=200, blank=True, help_text="Where the approval is on record.")
    adopted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    adopted_at = models.DateTimeField()

    objects = MatrixQuerySet.as_manager()

    class Meta:
        ordering = ["-adopted_at", "-id"]
        verbose_name_plural = "matrices"
        constraints = [
            models.UniqueConstraint(name="matrix_one_first", fields=["adopted_at"], condition=Q(follows=None)),
        ]

    def __str__(self) -> str:
        told = {"rows": len(self.likelihoods), "columns": len(self.impacts), "id": self.public_id}
        return _("%(rows)d×%(columns)d matrix, %(id)s") % told

    def level_of(self, likelihood: int, impact: int) -> int:
        """The index of the level in this cell."""
        level: int = self.cells[likelihood][impact]
        return level

    def label(self, level: int) -> str:
        return str(self.levels[level]["label"])

    def tone(self, level: int) -> int:
        return int(self.levels[level]["tone"])

    @property
    def told(self) -> dict[str, Any]:
        names = ("likelihoods", "impacts", "levels", "cells", "by_severity", "carried", "approved_by", "reference")
        return {name: getattr(self, name) for name in names} | {"approved_on": self.approved_on.isoformat()}

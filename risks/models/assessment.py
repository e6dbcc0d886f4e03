"""What level a person says that a risk has."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.public_id import PublicId
from organisation.models import User
from risks.models.matrix import Matrix
from risks.models.risk import Risk


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    def visible_to(self, user: object) -> Self:
        """Of the risks that one sees."""
        return self.filter(risk__in=Risk.objects.visible_to(user))

    def confirmed(self, at: datetime) -> Self:
        return self.filter(confirmed_at__lte=at)

    def waiting(self) -> Self:
        """Proposed, and neither confirmed nor declined yet."""
        return self.filter(confirmed_at=None, declined_at=None)

    def standing(self, at: datetime) -> Self:
        """Of each risk and kind the one that stood at a moment."""
        return self.confirmed(at).order_by("risk_id", "kind", "-confirmed_at", "-pk").distinct("risk_id", "kind")


class Assessment(PublicId):
    """A likelihood and an impact on a matrix, and the level that the matrix has there. Kept for ever.

    Whoever may not confirm it proposes it; proposed and confirmed by one person where they may. proposal: what the
    portal proposed at that moment, with its reasons, so that a difference can be read later (see risks.proposing).
    """

    public_prefix = "AS"

    class Kind(models.TextChoices):
        INHERENT = "inherent", _("Inherent")
        CURRENT = "current", _("Current")
        TARGET = "target", _("Target")

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="assessments")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    matrix = models.ForeignKey(Matrix, on_delete=models.PROTECT, related_name="+")
    likelihood = models.PositiveSmallIntegerField()
    impact = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField(help_text="What the matrix has in that cell; the database looks too.")
    because = models.TextField(max_length=2000)
    proposal: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)
    declined_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    declined_at = models.DateTimeField(null=True)
    declined_because = models.TextField(max_length=2000, blank=True)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["risk", "kind", "-confirmed_at"], name="assessment_latest")]
        constraints = [
            models.CheckConstraint(
                name="assessment_confirmed_by_and_at_together",
                condition=Q(confirmed_at=None, confirmed_by=None)
                | Q(confirmed_at__gte=F("proposed_at"), confirmed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="assessment_declined_by_at_and_why_together",
                condition=Q(declined_at=None, declined_by=None, declined_because="")
                | (Q(declined_at__gte=F("proposed_at"), declined_by__isnull=False) & ~Q(declined_because="")),
            ),
            models.CheckConstraint(
                name="assessment_confirmed_or_declined", condition=Q(confirmed_at=None) | Q(declined_at=None)
            ),
            models.UniqueConstraint(
                fields=["risk", "kind"],
                name="assessment_one_waiting",
                condition=Q(confirmed_at=None, declined_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} level of {self.risk_id}: {self.level}"

    @property
    def label(self) -> str:
        """The level in the words of the matrix that it was stated on."""
        return self.matrix.label(self.level)

"""What the second line holds against a level, a treatment or a closure, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.public_id import PublicId
from organisation.models import User, Visibility
from organisation.standing_in import hands
from risks.models.assessment import Assessment
from risks.models.exception import RiskException
from risks.models.risk import Risk
from risks.models.treatment import Treatment


class ChallengeQuerySet(models.QuerySet["Challenge"]):
    def visible_to(self, user: object) -> Self:
        """Those about what one sees: a risk, or an exception without one."""
        seen = Visibility.of(user)
        if seen.everything:
            return self
        if not isinstance(user, User):
            return self.none()
        of_risk = Q(risk__solution__in=seen.solutions) | Q(risk__owner__in=hands(user))
        of_exception = Q(exception__in=RiskException.objects.visible_to(user))
        return self.filter(of_risk | of_exception)

    def open(self) -> Self:
        return self.filter(settled_at=None)

    def raised(self, at: datetime) -> Self:
        return self.filter(raised_at__lte=at)


class Challenge(PublicId):
    """Raised by the second line with a reason, answered by the first, settled by the second. Stays on the record.

    Whoever answers does not settle it. An answer that does not satisfy is followed by another challenge.
    """

    public_prefix = "CH"

    class About(models.TextChoices):
        LEVEL = "level", _("Level")
        TREATMENT = "treatment", _("Treatment")
        CLOSURE = "closure", _("Closure")
        EXCEPTION = "exception", _("Exception")

    class Outcome(models.TextChoices):
        UPHELD = "upheld", _("Upheld: it was changed")
        SATISFIED = "satisfied", _("Answered: it stays")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    about = models.CharField(max_length=10, choices=About.choices)
    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, null=True, related_name="challenges")
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, null=True, related_name="challenges")
    treatment = models.ForeignKey(Treatment, on_delete=models.PROTECT, null=True, related_name="challenges")
    exception = models.ForeignKey(RiskException, on_delete=models.PROTECT, null=True, related_name="challenges")
    because = models.TextField(max_length=4000)
    raised_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    raised_at = models.DateTimeField()
    answer = models.TextField(max_length=4000, blank=True)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    settled_because = models.TextField(max_length=4000, blank=True)
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    settled_at = models.DateTimeField(null=True)

    objects = ChallengeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["risk"], name="challenge_open", condition=Q(settled_at=None))]
        constraints = [
            models.CheckConstraint(
                name="challenge_is_about_what_it_says",
                condition=Q(about="level", assessment__isnull=False, risk__isnull=False)
                | Q(about="treatment", treatment__isnull=False, risk__isnull=False)
                | Q(about="closure", risk__isnull=False)
                | Q(about="exception", exception__isnull=False),
            ),
            models.CheckConstraint(
                name="challenge_answered_by_at_and_how_together",
                condition=Q(answered_at=None, answered_by=None, answer="")
                | (Q(answered_at__gte=F("raised_at"), answered_by__isnull=False) & ~Q(answer="")),
            ),
            models.CheckConstraint(
                name="challenge_settled_by_at_and_how_together",
                condition=Q(settled_at=None, settled_by=None, outcome="")
                | (Q(settled_at__gte=F("raised_at"), settled_by__isnull=False) & ~Q(outcome="")),
            ),
            models.CheckConstraint(
                name="challenge_is_not_answered_by_who_raised_it",
                condition=Q(answered_by=None) | ~Q(answered_by=F("raised_by")),
            ),
            models.CheckConstraint(
                name="challenge_is_not_settled_by_who_answered",
                condition=Q(settled_by=None) | Q(answered_by=None) | ~Q(settled_by=F("answered_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_about_display()} {self.public_id}"

"""Audit findings: what an engagement found wrong, what is answered, agreed and tested again."""

from __future__ import annotations

from datetime import date
from typing import Self

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from assurance.models.engagement import Engagement
from assurance.models.test import ControlTest
from audit.models import RowVersion
from audit.public_id import PublicId
from controls.models import Control, Requirement
from evidence.models import Evidence
from organisation.models import Role, Solution, User, Visibility
from organisation.standing_in import hands


class AuditFindingQuerySet(models.QuerySet["AuditFinding"]):
    def visible_to(self, user: object) -> Self:
        """Drafts are the team's alone; what is issued is seen in its solution, by its owner and by whoever oversees."""
        team = Q(engagement__in=Engagement.objects.worked_on_by(user))
        seen = Visibility.of(user)
        if not isinstance(user, User):
            return self.filter(team)
        issued = ~Q(state__in=AuditFinding.UNISSUED)
        if seen.everything:
            return self.filter(team | issued)
        if Role.EXTERNAL in user.roles_in_view:
            return self.filter(team)
        return self.filter(team | (issued & (Q(owner__in=hands(user)) | Q(solution__in=seen.solutions))))

    def issued(self) -> Self:
        return self.exclude(state__in=AuditFinding.UNISSUED)

    def open(self) -> Self:
        return self.exclude(state__in=AuditFinding.ENDED)

    def overdue(self, on: date) -> Self:
        """Agreed to be done by a day that is over, and not said to be done."""
        return self.filter(state=AuditFinding.State.AGREED, agreed_on__lt=on)


@pghistory.track()
class AuditFinding(PublicId, RowVersion):
    """condition against criteria, with cause and effect. owner: who answers for it, of the first line.

    agreed_on: the day that its owner proposes with their response, agreed once the state says so. repeats: the finding
    of an earlier engagement that this one finds again. state follows the last step.
    """

    public_prefix = "AF"

    class Rating(models.TextChoices):
        LOW = "low", _("Low")
        MODERATE = "moderate", _("Moderate")
        HIGH = "high", _("High")
        CRITICAL = "critical", _("Critical")

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ISSUED = "issued", _("Issued, awaits a response")
        RESPONDED = "responded", _("Responded, awaits agreement")
        AGREED = "agreed", _("Agreed")
        DONE = "done", _("Said to be done, awaits a re-test")
        CLOSED = "closed", _("Closed")
        DROPPED = "dropped", _("Dropped as a draft")

    UNISSUED = (State.DRAFT, State.DROPPED)
    ENDED = (State.CLOSED, State.DROPPED)

    engagement = models.ForeignKey(Engagement, on_delete=models.PROTECT, related_name="findings")
    test = models.ForeignKey(ControlTest, on_delete=models.PROTECT, null=True, blank=True, related_name="findings")
    control = models.ForeignKey(
        Control,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="audit_findings",
        verbose_name=_("control"),
    )
    requirement = models.ForeignKey(
        Requirement, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("requirement")
    )
    solution = models.ForeignKey(
        Solution, on_delete=models.PROTECT, null=True, blank=True, related_name="audit_findings",
        verbose_name=_("solution"),
    )  # fmt: skip
    title = models.CharField(_("title"), max_length=200)
    rating = models.CharField(_("rating"), max_length=8, choices=Rating.choices)
    condition = models.TextField(_("condition: what is so"), max_length=4000)
    criteria = models.TextField(_("criteria: what should be so"), max_length=4000)
    cause = models.TextField(_("cause"), max_length=4000, blank=True)
    effect = models.TextField(_("effect"), max_length=4000, blank=True)
    recommendation = models.TextField(_("recommendation"), max_length=4000, blank=True)
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="audit_findings", verbose_name=_("who answers for it")
    )
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT, editable=False)
    response = models.TextField(_("response"), max_length=4000, blank=True)
    agreed_on = models.DateField(_("agreed date"), null=True, blank=True)
    repeats = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="repeated_by")
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)

    objects = AuditFindingQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["owner"],
                name="audit_finding_owner",
                condition=~Q(state__in=["draft", "closed", "dropped"]),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="audit_finding_issued_when_no_draft",
                condition=Q(state__in=["draft", "dropped"], issued_at=None)
                | (~Q(state__in=["draft", "dropped"]) & Q(issued_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="audit_finding_closed_when_it_ended",
                condition=Q(state="closed", closed_at__isnull=False) | (~Q(state="closed") & Q(closed_at=None)),
            ),
            models.CheckConstraint(
                name="audit_finding_agreed_has_a_date",
                condition=~Q(state__in=["agreed", "done"]) | Q(agreed_on__isnull=False),
            ),
            models.CheckConstraint(name="audit_finding_repeats_another", condition=~Q(repeats=F("id"))),
        ]

    def __str__(self) -> str:
        return self.title


class AuditFindingStep(models.Model):
    """One move of an audit finding, kept for ever: issued, responded, agreed, said to be done, re-tested, closed."""

    finding = models.ForeignKey(AuditFinding, on_delete=models.PROTECT, related_name="steps")
    state = models.CharField(max_length=9, choices=AuditFinding.State.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    words = models.TextField(max_length=4000, blank=True)
    evidence = models.ManyToManyField(Evidence, related_name="audit_finding_steps")

    objects = models.Manager["AuditFindingStep"]()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.finding_id}: {self.state}"

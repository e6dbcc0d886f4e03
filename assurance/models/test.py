"""Tests of a control in an engagement: of its design, and of how it operated."""

from __future__ import annotations

from typing import Self

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from assurance.models.engagement import Engagement
from audit.models import RowVersion
from audit.public_id import PublicId
from controls.models import Control, Verdict
from evidence.models import Evidence
from organisation.models import Solution, User


class ControlTestQuerySet(models.QuerySet["ControlTest"]):
    def visible_to(self, user: object) -> Self:
        """Drafts are the team's alone; what was reviewed is seen by whoever may see the engagement."""
        team = Q(engagement__in=Engagement.objects.worked_on_by(user))
        seen = Q(engagement__in=Engagement.objects.visible_to(user), state=ControlTest.State.REVIEWED)
        return self.filter(team | seen)

    def worked_on_by(self, user: object) -> Self:
        return self.filter(engagement__in=Engagement.objects.worked_on_by(user))


@pghistory.track()
class ControlTest(PublicId, RowVersion):
    """One working paper: what is done to find out, what was found, what is concluded for the engagement's period.

    solution: of whose part it is a test, where the control is asked of several. deviations: items that deviate, with
    missing evidence among them. unobserved_hours: of the period in which nothing was known of what the checks look at.
    prepared_by concludes, reviewed_by is another. verdict: the conclusion's row in the ledger of the control.
    """

    public_prefix = "TS"

    class Kind(models.TextChoices):
        DESIGN = "design", _("Test of design")
        OPERATION = "operation", _("Test of operating effectiveness")

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        UNDER_WAY = "under_way", _("Under way")
        CONCLUDED = "concluded", _("Concluded, awaits review")
        REVIEWED = "reviewed", _("Reviewed")

    class Conclusion(models.TextChoices):
        EFFECTIVE = "effective", _("Effective")
        PARTLY_EFFECTIVE = "partly_effective", _("Partly effective")
        NOT_EFFECTIVE = "not_effective", _("Not effective")
        NOT_CONCLUDED = "not_concluded", _("Could not be concluded")

    engagement = models.ForeignKey(Engagement, on_delete=models.PROTECT, related_name="tests")
    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="tests")
    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    procedure = models.TextField(_("procedure"), max_length=8000)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PLANNED, editable=False)
    assigned_to = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="tests", verbose_name=_("who tests")
    )
    configuration = models.CharField(
        max_length=64, blank=True, help_text="Of an automated control: SHA-256 of the configuration that was tested."
    )
    conclusion = models.CharField(_("conclusion"), max_length=16, choices=Conclusion.choices, blank=True)
    because = models.TextField(_("what was found"), max_length=8000, blank=True)
    deviations = models.PositiveIntegerField(null=True)
    unobserved_hours = models.FloatField(null=True)
    evidence = models.ManyToManyField(Evidence, related_name="tests")
    prepared_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, editable=False, related_name="+")
    prepared_at = models.DateTimeField(null=True, editable=False)
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, editable=False, related_name="+")
    reviewed_at = models.DateTimeField(null=True, editable=False)
    verdict = models.OneToOneField(Verdict, on_delete=models.PROTECT, null=True, editable=False, related_name="+")
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    objects = ControlTestQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["engagement", "control", "solution", "kind"], name="control_test_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="control_test_reviewed_by_another",
                condition=Q(reviewed_by=None) | ~Q(reviewed_by=F("prepared_by")),
            ),
            models.CheckConstraint(
                name="control_test_concluded_whole",
                condition=Q(state__in=["planned", "under_way"], prepared_at=None, prepared_by=None, conclusion="")
                | (
                    Q(state__in=["concluded", "reviewed"], prepared_at__isnull=False, prepared_by__isnull=False)
                    & ~Q(conclusion="")
                    & ~Q(because="")
                ),
            ),
            models.CheckConstraint(
                name="control_test_reviewed_whole",
                condition=Q(state="reviewed", reviewed_at__isnull=False, reviewed_by__isnull=False)
                | (~Q(state="reviewed") & Q(reviewed_at=None, reviewed_by=None, verdict=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.control}"


class TestStep(models.Model):
    """One move of a working paper, kept for ever: planned, begun, concluded, sent back by the reviewer, reviewed."""

    __test__ = False  # not a test of ours

    test = models.ForeignKey(ControlTest, on_delete=models.PROTECT, related_name="steps")
    state = models.CharField(max_length=9, choices=ControlTest.State.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    words = models.TextField(max_length=8000, blank=True)

    objects = models.Manager["TestStep"]()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.test_id}: {self.state}"

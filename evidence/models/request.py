"""What an auditor or the second line asks to be shown, and how it was answered."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Self

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.models import RowVersion
from audit.public_id import PublicId
from controls.models import Control, Requirement
from evidence.models.evidence import Evidence
from organisation.models import Role, Solution, User, Visibility
from organisation.standing_in import hands


class EvidenceRequestQuerySet(models.QuerySet["EvidenceRequest"]):
    def visible_to(self, user: object) -> Self:
        """Those of one's own solutions, those that one asked or is asked; from outside, those asked from outside too.

        What an internal auditor asks for is not for auditors from outside.
        """
        seen = Visibility.of(user)
        if seen.everything:
            return self
        if not isinstance(user, User):
            return self.none()
        mine = Q(asked_by=user) | Q(assignee__in=hands(user))
        if Role.FIRST in user.roles_in_view:
            return self.filter(mine | Q(solution__in=seen.solutions))
        return self.filter(Q(asked_by=user) | Q(from_outside=True, solution__in=seen.solutions))

    def open(self) -> Self:
        return self.filter(ended_at=None)

    def unanswered(self) -> Self:
        """Those whose assignee has the next move."""
        return self.filter(state__in=[EvidenceRequest.State.ASKED, EvidenceRequest.State.RETURNED])

    def overdue(self, on: date) -> Self:
        """Not answered by their day; an answer that waits to be checked is not late."""
        return self.unanswered().filter(due_on__lt=on)


@pghistory.track()
class EvidenceRequest(PublicId, RowVersion):
    """One thing asked for, of one person, by a day.

    source: (kind, public id) of what it is asked for, e.g. an engagement of a floor above. item: of a sample, as it is
    written there. state follows the last step.
    """

    public_prefix = "EQ"

    class State(models.TextChoices):
        ASKED = "asked", _("Asked for")
        ANSWERED = "answered", _("Answered")
        RETURNED = "returned", _("Sent back")
        ACCEPTED = "accepted", _("Accepted")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    title = models.CharField(_("what is asked for"), max_length=200)
    what = models.TextField(_("in detail"), max_length=4000, blank=True)
    solution = models.ForeignKey(
        Solution, on_delete=models.PROTECT, null=True, related_name="evidence_requests", verbose_name=_("solution")
    )
    control = models.ForeignKey(
        Control, on_delete=models.PROTECT, null=True, related_name="evidence_requests", verbose_name=_("control")
    )
    requirement = models.ForeignKey(
        Requirement, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("requirement")
    )
    period_from = models.DateTimeField(null=True)
    period_to = models.DateTimeField(null=True)
    item = models.CharField(_("sample item"), max_length=500, blank=True)
    source_kind = models.CharField(max_length=60, blank=True)
    source_id = models.CharField(max_length=60, blank=True)
    from_outside = models.BooleanField(default=False, help_text="Asked by an auditor from outside.")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="evidence_asked")
    asked_at = models.DateTimeField()
    assignee = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="evidence_asked_of", verbose_name=_("who is asked")
    )
    due_on = models.DateField(_("due on"))
    state = models.CharField(max_length=9, choices=State.choices, default=State.ASKED, editable=False)
    ended_at = models.DateTimeField(null=True, editable=False, help_text="When it was accepted or withdrawn.")

    objects = EvidenceRequestQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "id"]
        indexes = [
            models.Index(fields=["assignee", "due_on"], name="evidence_request_due", condition=Q(ended_at=None)),
            models.Index(fields=["source_kind", "source_id"], name="evidence_request_source"),
        ]
        constraints = [
            models.CheckConstraint(
                name="evidence_request_period_is_whole",
                condition=Q(period_from=None, period_to=None) | Q(period_to__gt=F("period_from")),
            ),
            models.CheckConstraint(
                name="evidence_request_ends_when_settled",
                condition=Q(state__in=["asked", "answered", "returned"], ended_at=None)
                | Q(state__in=["accepted", "withdrawn"], ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def last_day(self) -> datetime | None:
        """The last moment of the period that is asked about."""
        return self.period_to - timedelta(microseconds=1) if self.period_to else None

    def is_overdue(self, on: date) -> bool:
        """The same as EvidenceRequestQuerySet.overdue asks of a row."""
        return self.state in (self.State.ASKED, self.State.RETURNED) and self.due_on < on


class RequestStep(models.Model):
    """One move of a request, kept for ever: asked, passed on, answered with evidence, sent back, accepted."""

    class Kind(models.TextChoices):
        ASKED = "asked", _("asked for it")
        PASSED_ON = "passed_on", _("passed it on")
        ANSWERED = "answered", _("answered")
        RETURNED = "returned", _("sent it back")
        ACCEPTED = "accepted", _("accepted the answer")
        WITHDRAWN = "withdrawn", _("withdrew it")

    request = models.ForeignKey(EvidenceRequest, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    words = models.TextField(max_length=4000, blank=True)
    passed_to = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    evidence = models.ManyToManyField(Evidence, related_name="request_steps")

    objects = models.Manager["RequestStep"]()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="request_step_passes_on_to_somebody",
                condition=Q(kind="passed_on", passed_to__isnull=False) | (~Q(kind="passed_on") & Q(passed_to=None)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.kind}"

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from findings.models.connection import Connection
from findings.models.finding import Finding
from findings.models.vocabulary import Workflow


class WorkflowChangeQuerySet(models.QuerySet["WorkflowChange"]):
    def of_exception(self, exception: str) -> Self:
        return self.filter(exception=exception)

    def waiting(self) -> Self:
        return self.filter(state=WorkflowChange.State.WAITING)

    def in_effect(self) -> Self:
        """What AWS was told, or may have been."""
        return self.filter(state__in=[WorkflowChange.State.WAITING, WorkflowChange.State.DONE])

    def last_of_each(self) -> Self:
        """The last one of each finding."""
        return self.order_by("finding", "-pk").distinct("finding")

    def due(self, at: datetime) -> Self:
        """To be told to AWS now: in nobody's hands, and nothing that was wanted earlier of its finding is under way."""
        free = Q(lease_until=None) | Q(lease_until__lt=Now())
        under_way = Q(state=WorkflowChange.State.WAITING) | Q(lease_until__gte=Now())
        earlier = WorkflowChange.objects.filter(under_way, finding=OuterRef("finding"), pk__lt=OuterRef("pk"))
        return self.waiting().filter(~Exists(earlier), free, due_at__lte=at)


class WorkflowChange(models.Model):
    """A workflow status that Security Hub is to be told for a finding under an exception. The row is the work.

    region: where the hub account is asked. before: what the finding's workflow was when the exception began.
    lease_until: whose hands it is in, by the database's clock. words: AWS's own where it refused or could not be
    asked, ours where it is not written back.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting for AWS")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused by AWS")
        SKIPPED = "skipped", _("Not written back")
        WITHDRAWN = "withdrawn", _("No longer wanted")

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="workflow_changes")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    region = models.CharField(max_length=30, blank=True)
    exception = models.CharField(max_length=20)
    wanted = models.CharField(max_length=12, choices=Workflow.choices)
    before = models.CharField(max_length=12, choices=Workflow.choices)
    note = models.CharField(max_length=512)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    words = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True, help_text="When it no longer waited.")

    objects = WorkflowChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finding", "exception"], name="workflow_change_one_waiting", condition=Q(state="waiting")
            ),
            models.CheckConstraint(
                name="workflow_change_settled_or_waiting",
                condition=Q(state="waiting", settled_at=None)
                | ~Q(state="waiting") & Q(settled_at__isnull=False, settled_at__gte=F("asked_at")),
            ),
        ]
        indexes = [
            models.Index(fields=["exception"], name="workflow_change_of_exception"),
            models.Index(fields=["connection", "due_at"], name="workflow_change_due", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"F-{self.finding_id}: {self.wanted} for {self.exception}"

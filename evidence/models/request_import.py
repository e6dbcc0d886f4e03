"""A list of requests on its way in: read, previewed, and asked as one change."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.public_id import PublicId
from controls.models import SourceFile
from organisation.models import User


class RequestImportQuerySet(models.QuerySet["RequestImport"]):
    def visible_to(self, user: object) -> Self:
        """One's own: a preview shows what its asker may see."""
        return self.filter(requested_by=user) if isinstance(user, User) else self.none()


class RequestImport(PublicId):
    """A file of requests that is asked whole, or dropped.

    source: what all of them are asked for, see EvidenceRequest. problems: [{"place", "reason"}]: why it is refused.
    preview: see pbc.planning.Plan.told. done: public ids of what it asked; empty until then. Kept for ever.
    """

    public_prefix = "QI"

    class State(models.TextChoices):
        REFUSED = "refused", _("Refused")
        READY = "ready", _("Ready to ask")
        APPLIED = "applied", _("Asked")
        DROPPED = "dropped", _("Dropped")

    file = models.ForeignKey(SourceFile, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=300, help_text="Of the file, as it was uploaded.")
    state = models.CharField(max_length=8, choices=State.choices)
    source_kind = models.CharField(max_length=60, blank=True)
    source_id = models.CharField(max_length=60, blank=True)
    problems: models.JSONField[list[dict[str, str]]] = models.JSONField(default=list)
    preview: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    done: models.JSONField[list[str]] = models.JSONField(default=list)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=clock.now)
    decided_at = models.DateTimeField(null=True, help_text="When it was asked, or dropped.")

    objects = RequestImportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="request_import_decided_when_it_ended",
                condition=Q(state__in=["applied", "dropped"], decided_at__gte=F("requested_at"))
                | (~Q(state__in=["applied", "dropped"]) & Q(decided_at=None)),
            ),
            models.CheckConstraint(
                name="request_import_does_what_it_previewed",
                condition=(Q(state="applied") & ~Q(done=[])) | (~Q(state="applied") & Q(done=[])),
            ),
        ]

    def __str__(self) -> str:
        return self.name

from __future__ import annotations

from typing import Self

import zstandard
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.public_id import PublicId
from desk.models import Job
from organisation.models import User


class SourceFile(models.Model):
    """A file that people imported, byte for byte, so that what came from it can be held against it."""

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveIntegerField(help_text="Bytes, as it was uploaded.")
    body = models.BinaryField(help_text="Compressed with zstandard.")
    kept_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.sha256

    @property
    def content(self) -> bytes:
        return zstandard.decompress(bytes(self.body), max_output_size=self.size)


class ImportQuerySet(models.QuerySet["Import"]):
    def unfinished(self) -> Self:
        return self.filter(state__in=[Import.State.WAITING, Import.State.TO_APPLY])


class Import(PublicId):
    """A file on its way in: read and previewed, then applied whole or dropped.

    asked: {"framework": key or "", "name": of a new one, "version": label or "", "published_on": date or "",
    "make_current": bool}. problems: [{"place", "reason"}]. preview: what differences.Difference tells, and
    {"subject", "headline", "digest"}.
    """

    public_prefix = "I"

    class State(models.TextChoices):
        WAITING = "waiting", _("Being read")
        REFUSED = "refused", _("Refused")
        READY = "ready", _("Ready to apply")
        TO_APPLY = "to_apply", _("Being applied")
        APPLIED = "applied", _("Applied")
        DROPPED = "dropped", _("Dropped")

    class Kind(models.TextChoices):
        OSCAL_CATALOG = "oscal_catalog", _("OSCAL catalog")
        OSCAL_PROFILE = "oscal_profile", _("OSCAL profile")
        PACK = "pack", _("Conformance pack")
        NZISM = "nzism", _("NZISM XML")
        SHEET = "sheet", _("Spreadsheet")

    file = models.ForeignKey(SourceFile, on_delete=models.PROTECT, related_name="imports")
    name = models.CharField(max_length=300, help_text="Of the file, as it was uploaded.")
    kind = models.CharField(max_length=20, choices=Kind.choices, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    asked = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    preview = models.JSONField(default=dict)
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField(default=clock.now)
    decided_at = models.DateTimeField(null=True, help_text="When it was applied, or dropped.")
    result = models.CharField(max_length=80, blank=True, help_text="Public id of what it became.")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="+")

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="import_decided_when_it_ended",
                condition=Q(state__in=["applied", "dropped"], decided_at__isnull=False)
                | (~Q(state__in=["applied", "dropped"]) & Q(decided_at=None)),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_under_way(self) -> bool:
        """Whether a worker has to move it."""
        return self.state in {self.State.WAITING, self.State.TO_APPLY}

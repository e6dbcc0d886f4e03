from __future__ import annotations

from datetime import datetime
from typing import Self

import pghistory
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import clock, trail
from audit.public_id import PublicId
from controls.models.source import SourceFile
from organisation.models import User


class Superseded(Exception):
    """A version that another one took the place of does not come back."""


@pghistory.track()
class Framework(PublicId):
    """A body of requirements that somebody publishes: NZISM, NIST SP 800-53, ISO/IEC 27001.

    key: stable and unique, as import files and the library name it. key_word: what the publisher
    calls the id that never changes. recognised_by: beginnings or parts of titles by which an imported
    file is known to be of this framework. mappings_note: what is published of mappings, and what is not.
    """

    public_prefix = "FW"

    key = models.SlugField(max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120, unique=True)
    title = models.CharField(max_length=300, blank=True)
    publisher = models.CharField(max_length=200, blank=True)
    url = models.URLField(max_length=500, blank=True)
    licence = models.CharField(max_length=500, blank=True, help_text="On what terms its text may be used.")
    key_word = models.CharField(max_length=40, default="id")
    recognised_by = models.JSONField(default=list)
    mappings_note = models.CharField(max_length=500, blank=True)
    added_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class VersionQuerySet(models.QuerySet["FrameworkVersion"]):
    def current(self, at: datetime) -> Self:
        """The version of each framework that the organisation worked with at a moment."""
        return self.filter(Q(valid_from__lte=at) & (Q(valid_to=None) | Q(valid_to__gt=at)))

    def newest_first(self) -> Self:
        return self.order_by(F("published_on").desc(nulls_last=True), "-id")


@pghistory.track()
class FrameworkVersion(PublicId):
    """One edition of a framework, and the period in which the organisation works with it.

    valid_from, valid_to: ours, by our clock, never earlier than the decision; a version that was never
    made current is a draft. Source of the dates: docs/time.md.
    """

    public_prefix = "FV"

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        CURRENT = "current", _("Current")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="versions")
    label = models.CharField(max_length=80)
    published_on = models.DateField(null=True, blank=True)
    source_name = models.CharField(max_length=300, help_text="File or publication that it came from last.")
    source_sha256 = models.CharField(max_length=64)
    source_file = models.ForeignKey(SourceFile, on_delete=models.PROTECT, null=True, related_name="+")
    imported_by = models.CharField(max_length=200, help_text="Public id of a person, or the name of a process.")
    imported_at = models.DateTimeField()
    valid_from = models.DateTimeField(null=True)
    valid_to = models.DateTimeField(null=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["framework", "label"], name="version_label_once"),
            models.UniqueConstraint(
                fields=["framework"],
                name="version_one_current",
                condition=Q(valid_from__isnull=False, valid_to=None),
            ),
            models.CheckConstraint(
                name="version_ends_after_it_begins",
                condition=Q(valid_to=None) | Q(valid_from__isnull=False, valid_to__gte=F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.framework} {self.label}"

    @property
    def state(self) -> State:
        if self.valid_from is None:
            return self.State.DRAFT
        return self.State.CURRENT if self.valid_to is None else self.State.WITHDRAWN

    @transaction.atomic
    def make_current(self, *, by: User | str, because: str = "") -> None:
        """From now on the organisation works with this version; the one before it is withdrawn.

        Raises Superseded where this one was withdrawn before: what it was current for stays as it was.
        """
        if self.valid_to:
            raise Superseded(self.label)
        at = clock.now()
        Framework.objects.select_for_update().get(pk=self.framework_id)
        before = self.framework.versions.current(at).first()
        if before == self:
            return
        if before:
            before.valid_to = at
            before.save(update_fields=["valid_to"])
        self.valid_from, self.valid_to = at, None
        self.save(update_fields=["valid_from", "valid_to"])
        told = {"version": self.label, "instead_of": before.label if before else "", "because": because}
        trail.record(by, "framework.made_current", self, **told)

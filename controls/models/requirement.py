from __future__ import annotations

from datetime import datetime
from typing import Self

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from audit.public_id import PublicId
from controls.models.framework import Framework, FrameworkVersion


class Obligation(models.TextChoices):
    """How binding a requirement is, in its publisher's words."""

    MUST = "must", _("Must")
    MUST_NOT = "must_not", _("Must not")
    SHOULD = "should", _("Should")
    SHOULD_NOT = "should_not", _("Should not")
    MAY = "may", _("May")
    REQUIRED = "required", _("Required")
    ADDRESSABLE = "addressable", _("Addressable")
    NONE = "", _("Not stated")


class Section(PublicId):
    """A chapter, family or clause of one version: what requirements are read under."""

    public_prefix = "FS"

    version = models.ForeignKey(FrameworkVersion, on_delete=models.PROTECT, related_name="sections")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="parts")
    path = models.CharField(max_length=500, help_text='Labels from the top, by "/".')
    label = models.CharField(max_length=80)
    title = models.CharField(max_length=300, blank=True)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["version", "path"], name="section_once")]

    def __str__(self) -> str:
        return f"{self.label} {self.title}".strip()


class Requirement(PublicId):
    """What a framework asks, whatever the version: mappings and decisions hang on it and outlive an update.

    key: the id that the publisher never reuses (NZISM: CID; NIST: AC-2(1); ISO: A.5.15). It may be known
    from a mapping alone, and then no version has an edition of it: that is drift, and shown as such.
    """

    public_prefix = "RQ"

    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="requirements")
    key = models.CharField(max_length=120)
    added_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["framework", "key"], name="requirement_once")]

    def __str__(self) -> str:
        return self.key


class EditionQuerySet(models.QuerySet["Edition"]):
    def asked(self) -> Self:
        """Those that the version still has: a later reading of its source may have taken one out."""
        return self.filter(withdrawn_at=None)

    def of(self, versions: models.QuerySet[FrameworkVersion]) -> Self:
        return self.filter(version__in=versions.values("pk"))

    def current(self, at: datetime) -> Self:
        return self.of(FrameworkVersion.objects.current(at)).asked()

    def within(self, section: Section) -> Self:
        """Of a section and everything below it."""
        below = Q(section__path=section.path) | Q(section__path__startswith=f"{section.path}/")
        return self.filter(below, section__version=section.version_id)

    def in_baseline(self, key: str) -> Self:
        selected = Selection.objects.filter(
            profile__version=OuterRef("version"), profile__key=key, requirement=OuterRef("requirement")
        )
        return self.filter(Exists(selected))

    def saying(self, words: str) -> Self:
        """By label or key from its beginning, title or text anywhere."""
        named = Q(label__istartswith=words) | Q(requirement__key__iexact=words)
        return self.filter(named | Q(title__icontains=words) | Q(text__icontains=words))


@pghistory.track()
class Edition(models.Model):
    """A requirement as one version words it. text and guidance are there only where somebody imported them.

    label: as printed, without a dot at its end. native: the id in the format it came in. parameters:
    [{"id", "label", "choices"?}] that the organisation fills in.
    """

    version = models.ForeignKey(FrameworkVersion, on_delete=models.PROTECT, related_name="editions")
    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="editions")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, null=True, related_name="editions")
    parent = models.ForeignKey(Requirement, on_delete=models.PROTECT, null=True, related_name="+")
    position = models.PositiveIntegerField()
    label = models.CharField(max_length=120)
    native = models.CharField(max_length=120, blank=True)
    title = models.CharField(max_length=500, blank=True)
    text = models.TextField(blank=True)
    guidance = models.TextField(blank=True)
    obligation = models.CharField(max_length=12, choices=Obligation.choices, default=Obligation.NONE, blank=True)
    classifications = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    parameters = models.JSONField(default=list, blank=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = EditionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "requirement"], name="edition_once")]
        indexes = [models.Index(fields=["version", "position"], name="edition_in_order")]

    def __str__(self) -> str:
        return f"{self.label} {self.title}".strip()

    @property
    def public_id(self) -> str:
        """A requirement is named by its identity, whichever edition is shown."""
        return f"{Requirement.public_prefix}-{self.requirement_id}"


class Profile(PublicId):
    """A selection of a version's requirements: a NIST baseline, a maturity level."""

    public_prefix = "FP"

    version = models.ForeignKey(FrameworkVersion, on_delete=models.PROTECT, related_name="profiles")
    key = models.SlugField(max_length=80)
    name = models.CharField(max_length=300)
    source_name = models.CharField(max_length=300)
    source_sha256 = models.CharField(max_length=64)
    imported_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["version", "key"], name="profile_once")]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.DeleteEvent())
class Selection(models.Model):
    """That a profile selects a requirement. A row goes when the profile no longer does; its events stay."""

    profile = models.ForeignKey(Profile, on_delete=models.PROTECT, related_name="selections")
    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="selections")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["profile", "requirement"], name="selection_once")]

    def __str__(self) -> str:
        return f"{self.profile_id}: {self.requirement_id}"

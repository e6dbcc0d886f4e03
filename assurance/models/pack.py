"""Assurance packs: what was so, sealed, so that anybody can verify it without us."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q

from assurance.models.engagement import Engagement
from audit.public_id import PublicId
from controls.models import FrameworkVersion
from controls.models.provider_report import LAST
from desk.models import Job
from organisation.models import Role, Solution, User, Visibility


class PackQuerySet(models.QuerySet["Pack"]):
    def visible_to(self, user: object) -> Self:
        """Of an engagement: its team, and once it is closed whoever oversees. Of a framework: whoever oversees.

        From outside, the packs of one's own engagements.
        """
        seen = Visibility.of(user)
        if not isinstance(user, User):
            return self if seen.everything else self.none()
        team = Q(engagement__in=Engagement.objects.worked_on_by(user))
        if Role.EXTERNAL in user.roles_in_view or not seen.everything:
            return self.filter(team)
        return self.filter(team | Q(engagement=None) | Q(engagement__state=Engagement.State.CLOSED))

    def sealed(self) -> Self:
        return self.exclude(sealed_at=None)


class Pack(PublicId):
    """about: the period, up to the first moment after it; a moment where both are equal.

    known_at: behind the oldest transaction that was open when the pack was asked for, so that the same inputs give the
    same bytes. trail_position, trail_digest: the trail's head at that time. sealed_at is decided when it is asked for:
    it stands in the archive. manifest, signature: as they are in and beside the archive. key: its fingerprint.
    """

    public_prefix = "PK"

    title = models.CharField(max_length=200)
    engagement = models.ForeignKey(Engagement, on_delete=models.PROTECT, null=True, related_name="packs")
    framework = models.ForeignKey(FrameworkVersion, on_delete=models.PROTECT, related_name="packs")
    solutions = models.ManyToManyField(Solution, related_name="packs")
    about_from = models.DateTimeField()
    about_to = models.DateTimeField()
    known_at = models.DateTimeField()
    trail_position = models.BigIntegerField()
    trail_digest = models.CharField(max_length=64)
    seal_time = models.DateTimeField()
    software = models.CharField(max_length=40, help_text="Version of the portal that made it.")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    job = models.OneToOneField(Job, on_delete=models.PROTECT, null=True, related_name="+")
    sealed_at = models.DateTimeField(null=True, help_text="When its last byte was kept.")
    stored_as = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(null=True)
    signature = models.BinaryField(max_length=64, null=True, help_text="Ed25519, over the archive.")
    key = models.CharField(max_length=64, blank=True)

    objects = PackQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="pack_period_is_whole", condition=Q(about_to__gte=F("about_from"))),
            models.CheckConstraint(
                name="pack_sealed_whole",
                condition=Q(sealed_at=None, stored_as="", sha256="", size=None, signature=None, key="")
                | (
                    Q(sealed_at__isnull=False, size__isnull=False, signature__isnull=False)
                    & ~Q(stored_as="")
                    & ~Q(sha256="")
                    & ~Q(key="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def last_day(self) -> datetime:
        """A moment in the last day of its period."""
        return self.about_to - LAST


class PackFile(models.Model):
    """A file of a pack that is made already: what a worker finds after the one before it died."""

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=300, help_text="Its path in the archive.")
    stored_as = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()

    objects = models.Manager["PackFile"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pack", "name"], name="pack_file_once")]

    def __str__(self) -> str:
        return self.name

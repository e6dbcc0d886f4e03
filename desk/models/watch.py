from __future__ import annotations

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from organisation.models import User


class WatchQuerySet(models.QuerySet["Watch"]):
    def about(self, kind: str, subject: str) -> Self:
        return self.filter(kind=kind, subject=subject)


class Watch(models.Model):
    """Whether a person watches something of any floor, and since when. Who asked to stop is not begun for again."""

    class Because(models.TextChoices):
        ASKED = "asked", _("asked to")
        WROTE = "wrote", _("wrote about it")
        MENTIONED = "mentioned", _("was mentioned")

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=80, help_text="Public id of what is watched.")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="watches")
    watches = models.BooleanField(default=True)
    because = models.CharField(max_length=10, choices=Because.choices)
    since = models.DateTimeField()

    objects = WatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "watches"
        constraints = [models.UniqueConstraint(fields=["kind", "subject", "person"], name="watch_once")]

    def __str__(self) -> str:
        return f"{self.person} {'watches' if self.watches else 'stopped watching'} {self.subject}"

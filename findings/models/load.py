from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models

from desk.models import Job
from findings.models.connection import Connection


class LoadQuerySet(models.QuerySet["Load"]):
    def waiting(self) -> Self:
        return self.filter(job__in=Job.objects.unfinished()).order_by("pk")

    def over(self) -> Self:
        """Ended, and its file still there."""
        return self.filter(job__in=Job.objects.finished()).exclude(file="")

    def asked_before(self, at: datetime) -> Self:
        return self.filter(job__requested_at__lt=at)


class Load(models.Model):
    """A file of exported findings that a person brought, and that a worker merges. Its job tells how far it is.

    connection: that it fills; none: the only one, or one that is made for files.
    """

    job = models.OneToOneField(Job, on_delete=models.PROTECT, primary_key=True, related_name="+")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=100, help_text="Of the file, as it was brought.")
    file = models.CharField(max_length=200, blank=True, help_text="Its name in the storage, until it is loaded.")
    size = models.BigIntegerField(help_text="Bytes, as it was brought.")

    objects = LoadQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.moment import Moment
from audit.public_id import PublicId
from desk.models import Job
from organisation.models import User, Visibility


class ExportQuerySet(models.QuerySet["Export"]):
    def visible_to(self, user: User) -> Self:
        """An export is for whoever asked for it, while they may see all that they saw then, and nobody else."""
        seen, own = Visibility.of(user), self.filter(requested_by=user)
        return own if seen.everything else own.filter(solutions__contained_by=sorted(seen.solutions))


class Export(PublicId):
    """A list of findings that a person took away: which, as of when, and the file while it is kept.

    job: what makes the file; none where the list was short enough to be sent at once.
    query: of the explorer's address. at, known_at: its moment; that of now moves to when the rows are read.
    rows: counted when it was asked for, then as they were written.
    """

    public_prefix = "D"

    class Form(models.TextChoices):
        CSV = "csv", _("CSV")
        JSON_LINES = "jsonl", _("JSON lines")
        XLSX = "xlsx", _("Excel (XLSX)")

    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    form = models.CharField(max_length=5, choices=Form.choices)
    query = models.TextField(blank=True)
    at = models.DateTimeField(help_text="When it was true.")
    known_at = models.DateTimeField(help_text="As the portal knew it then.")
    is_now = models.BooleanField()
    filters = models.TextField(help_text="The filter in words.")
    coverage = models.TextField(help_text="What could be said of how much, in words.")
    solutions = ArrayField(
        models.BigIntegerField(),
        null=True,
        help_text="Keys of the solutions that whoever asked could see; null for everything.",
    )
    rows = models.PositiveIntegerField()
    job = models.OneToOneField(Job, on_delete=models.PROTECT, null=True, related_name="+")
    file = models.CharField(max_length=200, blank=True, help_text="Its name in the storage, while it is kept.")
    size = models.BigIntegerField(null=True, help_text="Bytes.")
    kept_until = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="export_file_has_an_end", condition=Q(file="") | Q(kept_until__isnull=False, size__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_form_display()}: {self.filters}"

    @property
    def moment(self) -> Moment:
        return Moment(self.at, self.known_at, self.is_now)

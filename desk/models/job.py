from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.public_id import PublicId
from organisation.models import Role, User


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: User) -> Self:
        """A person sees the jobs that they asked for; an administrator, also those that run by themselves."""
        if Role.ADMINISTRATOR in user.roles_today:
            return self
        return self.filter(requested_by=user)

    def finished(self) -> Self:
        return self.exclude(finished_at=None)

    def unfinished(self) -> Self:
        return self.filter(state__in=[Job.State.WAITING, Job.State.RUNNING])


class Job(PublicId):
    """Work that takes more than a second: what it does, how far it is, how it ended."""

    public_prefix = "J"

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        PARTLY = "partly", _("Done, with gaps")
        FAILED = "failed", _("Failed")

    kind = models.CharField(max_length=40, help_text="What runs, e.g. sync.")
    subject = models.CharField(max_length=80, blank=True, help_text="Public id of what it is about.")
    url = models.CharField(max_length=300, blank=True, help_text="The page of what it is about, where it has one.")
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0, help_text="0 while it is not known.")
    step = models.CharField(max_length=300, blank=True, help_text="What it does at this moment, or how it ended.")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="jobs")
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="job_finished_when_it_ended",
                condition=Q(state__in=["waiting", "running"], finished_at=None)
                | Q(state__in=["done", "partly", "failed"], finished_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def per_cent(self) -> int | None:
        """0-100; None while the amount of work is not known."""
        return min(100, self.done * 100 // self.total) if self.total else None

    def begin(self, *, total: int, step: str) -> None:
        """Say that it runs and how much there is to do."""
        Job.objects.filter(pk=self.pk).unfinished().update(
            state=Job.State.RUNNING, total=total, step=step[:300], started_at=clock.now()
        )

    def advance(self, *, step: str, by: int = 1) -> None:
        Job.objects.filter(pk=self.pk).unfinished().update(done=F("done") + by, step=step[:300])

    def finish(self, state: Job.State, *, step: str) -> None:
        Job.objects.filter(pk=self.pk).unfinished().update(state=state, step=step[:300], finished_at=clock.now())

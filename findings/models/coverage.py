from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from audit.models import Span
from audit.public_id import PublicId
from desk.models import Job
from findings.models.connection import Connection
from findings.models.vocabulary import CoverageState, Source


class ScopeQuerySet(models.QuerySet["Scope"]):
    def read_directly(self) -> Self:
        """Scopes that a worker reads; the others are read through one of these."""
        return self.filter(read_through=None)

    def locked(self) -> Self:
        """Held until the transaction ends: those that are read directly first, like a worker that holds its own
        and then those that it covers, so that nobody waits in a circle."""
        return self.order_by(F("read_through").asc(nulls_first=True), "pk").select_for_update(of=("self",))

    def due(self, at: datetime) -> Self:
        """Due at this moment and in nobody's hands, or left behind by a worker whose lease has ended."""
        in_time = Q(due_at__lte=at, lease_until=None)
        return self.read_directly().filter(
            in_time | Q(lease_until__lt=Now()), connection__enabled=True, retired_at=None
        )


class Scope(PublicId):
    """One account, region and source of a connection: what is read, how far, and what it is worth.

    read_through: the scope whose reading covers this one (Security Hub's home region sees the
    linked regions and member accounts; an aggregator sees its sources). Its own cursor is unused.
    lease_until, fence: who reads it now; a final transaction checks the fence it was given.
    evaluated_at: the age of AWS's own latest evaluation, which decides between fresh and stale.
    """

    public_prefix = "Y"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="scopes")
    account = models.CharField(max_length=12)
    region = models.CharField(max_length=30)
    source = models.CharField(max_length=20, choices=Source.choices)
    read_through = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="covers")

    state = models.CharField(max_length=10, choices=CoverageState.choices, default=CoverageState.NEVER)
    since = models.DateTimeField(help_text="When this state began.")
    reason = models.CharField(max_length=500, blank=True, help_text="Why, in words, where it is not fresh.")
    read_at = models.DateTimeField(null=True, help_text="End of the last reading without an error.")
    evaluated_at = models.DateTimeField(null=True)
    checks_enabled = models.IntegerField(null=True, help_text="Controls or rules that run there.")
    recording = models.JSONField(
        default=dict,
        help_text='Config: {"recording": bool, "all_supported": bool, "types": [..], "last_status": ".."}.',
    )
    tells = models.BooleanField(
        default=False, help_text="Config: what Security Hub copied from there is not scored beside what Config tells."
    )
    retired_at = models.DateTimeField(null=True, help_text="Since when the account or region is no longer in use.")

    cursor = models.DateTimeField(null=True, help_text="UpdatedAt up to which everything is merged.")
    swept_at = models.DateTimeField(null=True, help_text="End of the last complete sweep.")
    due_at = models.DateTimeField(null=True)
    sweep_due = models.BooleanField(default=False)
    lease_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)

    objects = ScopeQuerySet.as_manager()

    class Meta:
        ordering = ["account", "region", "source"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "account", "region", "source"], name="scope_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.region} {self.get_source_display()}"


class CoverageSpan(Span):
    """What the coverage of a scope was for a while."""

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="spans")
    state = models.CharField(max_length=10, choices=CoverageState.choices)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope"],
                name="coverage_one_open_span",
                condition=Q(valid_to=None, superseded_at=None),
            ),
            models.CheckConstraint(
                name="coverage_span_ends_after_it_begins",
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope_id}: {self.state}"


class SyncRun(PublicId):
    """One reading of one scope by one worker.

    sweep: the run that began the complete sweep which this one goes on with. reached: how far the sweep has come,
    in its source's own order. calls, throttles, waited (seconds): what was asked of AWS. request_ids: under which AWS
    answered, the first 200 of them.
    """

    public_prefix = "U"

    class Kind(models.TextChoices):
        INCREMENTAL = "incremental", _("Changes")
        SWEEP = "sweep", _("Complete sweep")
        LOAD = "load", _("Loaded from files")

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        LEFT = "left", _("Goes on in the next run")

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="runs")
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    fence = models.BigIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    caller = models.CharField(max_length=256, blank=True, help_text="ARN that AWS saw.")
    read = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    set_aside = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    throttles = models.PositiveIntegerField(default=0)
    waited = models.FloatField(default=0.0, help_text="Seconds, all threads together, until there was room to call.")
    request_ids = ArrayField(models.CharField(max_length=64), default=list)
    sweep = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    reached = models.CharField(max_length=400, blank=True)
    error = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["scope", "-started_at"], name="run_of_scope")]

    def __str__(self) -> str:
        return f"{self.scope}: {self.get_kind_display()}"

    def close(self, state: SyncRun.State, error: str = "", *, at: datetime) -> None:
        """The run has ended. In the caller's transaction, which holds the scope."""
        self.state, self.finished_at, self.error = state, at, error[:1000]
        self.save(update_fields=["state", "finished_at", "error"])


class SetAside(PublicId):
    """A record that could not be taken in, kept with the reason. It never stops the rest.

    scope: whose reading brought it. connection: whose event queue brought it. One of the two is set.
    """

    public_prefix = "X"

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, null=True, related_name="set_aside")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, null=True, related_name="events_set_aside")
    native_id = models.TextField(blank=True)
    reason = models.CharField(max_length=500)
    excerpt = models.TextField(help_text="The first 4,000 characters of it.")
    digest = models.UUIDField(help_text="Of the record, or of its kind: the same one is listed once.")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["scope", "digest"], name="set_aside_once"),
            models.UniqueConstraint(fields=["connection", "digest"], name="event_set_aside_once"),
            models.CheckConstraint(
                name="set_aside_by_a_reading_or_a_queue",
                condition=Q(scope=None, connection__isnull=False) | Q(scope__isnull=False, connection=None),
            ),
        ]

    def __str__(self) -> str:
        return self.reason

    @property
    def about(self) -> dict[str, Any]:
        return {"native_id": self.native_id, "reason": self.reason}


class SweepSeen(models.Model):
    """A finding that a sweep under way has seen; forgotten when the sweep ends."""

    pk = models.CompositePrimaryKey("run", "uid")
    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="+", db_index=False)
    uid = models.UUIDField()

    class Meta:
        db_table = "findings_sweepseen"

    def __str__(self) -> str:
        return str(self.uid)

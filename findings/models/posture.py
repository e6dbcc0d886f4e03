from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from findings.models.check import Check
from findings.models.queries import OwnedQuerySet
from findings.models.vocabulary import Severity, Status


class Counts(models.Model):
    """How many findings stand in one place with one state. Counts scored, active spans.

    solutions: the set that the findings belong to, so that a finding shared by two solutions
    counts once in a total. suppressed: its workflow is SUPPRESSED, which takes it out of scores
    but not out of sight.
    """

    check_ran = models.ForeignKey(Check, on_delete=models.PROTECT, related_name="%(class)ss")
    account = models.CharField(max_length=12)
    region = models.CharField(max_length=30)
    solutions = ArrayField(models.BigIntegerField(), default=list)
    status = models.CharField(max_length=16, choices=Status.choices)
    severity = models.SmallIntegerField(choices=Severity.choices)
    suppressed = models.BooleanField()
    n = models.PositiveIntegerField()
    oldest_since = models.DateTimeField(help_text="Earliest status_since among them.")
    newest_since = models.DateTimeField(help_text="Latest status_since among them.")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.check_ran_id} {self.account} {self.status}: {self.n}"


class Posture(Counts):
    """How many findings stand where, now. Maintained by the sync from what a run changed."""

    objects = OwnedQuerySet["Posture"].as_manager()

    class Meta(Counts.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["check_ran", "account", "region", "solutions", "status", "severity", "suppressed"],
                name="posture_once",
            ),
        ]
        indexes = [
            GinIndex(fields=["solutions"], name="posture_solutions"),
        ]


class PostureSum(models.Model):
    """The postures of now, added up over some of what they tell apart. Kept up with them, in the same transaction."""

    solutions = ArrayField(models.BigIntegerField(), default=list)
    status = models.CharField(max_length=16, choices=Status.choices)
    severity = models.SmallIntegerField(choices=Severity.choices)
    suppressed = models.BooleanField()
    n = models.PositiveIntegerField()

    class Meta:
        abstract = True


class AccountSum(PostureSum):
    """Over every check and region of an account: what is asked of an estate grows with its accounts."""

    account = models.CharField(max_length=12)

    objects = OwnedQuerySet["AccountSum"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "solutions", "status", "severity", "suppressed"], name="account_sum_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.status}: {self.n}"


class CheckSum(PostureSum):
    """Over every account and region of a check, for who sees every account."""

    check_ran = models.ForeignKey(Check, on_delete=models.PROTECT, related_name="+", db_index=False)

    objects = OwnedQuerySet["CheckSum"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["check_ran", "solutions", "status", "severity", "suppressed"], name="check_sum_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_ran_id} {self.status}: {self.n}"


class PastMoment(models.Model):
    """A moment whose postures have been counted from the spans, as they were known at `known_at`."""

    at = models.DateTimeField()
    known_at = models.DateTimeField()
    counted_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="past_moment_at")]

    def __str__(self) -> str:
        return f"{self.at}, known at {self.known_at}"


class PastPosture(Counts):
    """The same counts at a past moment; see findings.past_posture."""

    moment = models.ForeignKey(PastMoment, on_delete=models.CASCADE, related_name="postures")

    objects = OwnedQuerySet["PastPosture"].as_manager()


class PostureDay(models.Model):
    """The same counts at the end of a day, without the check: what trends are drawn from."""

    on = models.DateField()
    counted_at = models.DateTimeField(help_text="When it was counted: with what was known then.")
    account = models.CharField(max_length=12)
    solutions = ArrayField(models.BigIntegerField(), default=list)
    status = models.CharField(max_length=16, choices=Status.choices)
    severity = models.SmallIntegerField(choices=Severity.choices)
    suppressed = models.BooleanField()
    n = models.PositiveIntegerField()

    objects = OwnedQuerySet["PostureDay"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["on", "status"], name="posture_day"),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.account} {self.status}: {self.n}"


class PostureTotal(models.Model):
    """The same counts of a day in a row for each set of solutions, for who sees every account. Suppressed ones are out.

    assessed: those with a result, as in findings.tallies.Tally.
    """

    on = models.DateField()
    counted_at = models.DateTimeField()
    solutions = ArrayField(models.BigIntegerField(), default=list)
    passed = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    assessed = models.PositiveIntegerField()

    objects = models.Manager["PostureTotal"]()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["on", "solutions"], name="posture_total_once")]

    def __str__(self) -> str:
        return f"{self.on}: {self.failed} of {self.assessed}"

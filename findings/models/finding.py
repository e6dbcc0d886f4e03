from __future__ import annotations

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Upper

from audit.models import Span
from audit.public_id import PublicId
from findings.models.check import Check
from findings.models.connection import Connection
from findings.models.queries import SpanQuerySet
from findings.models.resource import Resource
from findings.models.vocabulary import RecordState, Severity, Source, Status, Workflow

HAS_OWN_TITLE = ~Q(product__in=["", "Security Hub"])
"""A product gives each finding a title. Security Hub's is the check's; Config has none, and names no product."""


class Digest(models.Func):
    """64 bits of a text: an index of them is a quarter of an index of long ids, and quicker to write."""

    function = "hashtextextended"
    output_field = models.BigIntegerField()

    def __init__(self, text: Any) -> None:
        super().__init__(text, Value(0))


class FindingQuerySet(models.QuerySet["Finding"]):
    def called(self, native_id: str) -> Self:
        """Findings with this id in AWS, in full."""
        return self.alias(digest=Digest("native_id")).filter(digest=Digest(Value(native_id)), native_id=native_id)

    def titled(self, text: str) -> Self:
        """Findings of products with this in their title, in whatever case."""
        return self.filter(HAS_OWN_TITLE, title__icontains=text)


class Finding(PublicId):
    """What one check says of one resource. What changes with time stands in its spans.

    uid: 128-bit hash of the natural key: Security Hub (ProductArn, Id); Config (account,
    region, rule name, resource type, resource id): an aggregator tells the name only, which is
    as good as the ARN, since no two rules of an account and region share one.
    """

    public_prefix = "F"

    uid = models.UUIDField(unique=True)
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, db_constraint=False, related_name="findings", db_index=False
    )
    source = models.CharField(max_length=20, choices=Source.choices)
    native_id = models.TextField(help_text="Security Hub: Id. Config: rule ARN, resource type and id.")
    product_arn = models.TextField(blank=True)
    product = models.CharField(max_length=256, blank=True, help_text="ProductName, e.g. GuardDuty.")
    rule_name = models.CharField(max_length=256, blank=True, help_text="Config: the rule's name there.")
    origin = models.CharField(
        max_length=20,
        blank=True,
        help_text="Config: security_hub, conformance_pack, organisation or customer.",
    )
    check_ran = models.ForeignKey(Check, on_delete=models.PROTECT, db_constraint=False, related_name="findings")
    resource = models.ForeignKey(
        Resource, on_delete=models.PROTECT, db_constraint=False, null=True, related_name="+", db_index=False
    )
    account = models.CharField(max_length=12)
    region = models.CharField(max_length=30)
    title = models.CharField(max_length=512, blank=True)
    first_seen_at = models.DateTimeField(help_text="When the portal first read it.")
    created_at = models.DateTimeField(null=True, help_text="CreatedAt, as AWS says.")
    updated_at = models.DateTimeField(help_text="UpdatedAt, or Config's ResultRecordedTime.")
    evaluated_at = models.DateTimeField(null=True, help_text="When AWS last evaluated it.")
    told_at = models.DateTimeField(null=True, help_text="The time of the latest event that told of it.")
    content_hash = models.UUIDField(help_text="Of the raw record without its volatile times.")
    gone_at = models.DateTimeField(null=True, help_text="When a complete reading no longer listed it.")

    objects = FindingQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(Digest("native_id"), name="finding_native_id"),
            models.Index(fields=["resource"], name="finding_resource"),
            models.Index(fields=["connection", "source", "account", "region"], name="finding_place"),
            GinIndex(
                OpClass(Upper("title"), name="gin_trgm_ops"),
                name="finding_own_title_search",
                condition=HAS_OWN_TITLE,
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.native_id


class FindingSpan(Span):
    """The state of a finding for a while. Its place and check are repeated here to keep lists fast.

    scored: whether it counts in postures; of two sources that report the same fact one counts.
    status_since: when the compliance status began, which a change of workflow does not reset.
    """

    class Origin(models.TextChoices):
        AWS = "aws"
        OBSERVED = "observed"

    finding = models.ForeignKey(
        Finding, on_delete=models.PROTECT, db_constraint=False, related_name="spans", db_index=False
    )
    status = models.CharField(max_length=16, choices=Status.choices)
    compliance_status = models.CharField(max_length=24, blank=True, help_text="AWS's own word; empty for none.")
    severity = models.SmallIntegerField(choices=Severity.choices)
    workflow = models.CharField(max_length=12, choices=Workflow.choices, default=Workflow.NEW)
    record_state = models.CharField(max_length=10, choices=RecordState.choices, default=RecordState.ACTIVE)
    status_since = models.DateTimeField()
    solutions = ArrayField(models.BigIntegerField(), default=list)
    scored = models.BooleanField(default=True)
    valid_from_source = models.CharField(max_length=10, choices=Origin.choices)
    check_ran = models.ForeignKey(Check, on_delete=models.PROTECT, db_constraint=False, related_name="+")
    account = models.CharField(max_length=12)
    region = models.CharField(max_length=30)

    objects = SpanQuerySet["FindingSpan"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finding"],
                name="finding_one_open_span",
                condition=Q(valid_to=None, superseded_at=None),
            ),
            models.CheckConstraint(
                name="finding_span_ends_after_it_begins",
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
            ),
        ]
        indexes = [
            models.Index(fields=["finding", "valid_from"], name="span_timeline"),
            models.Index(
                fields=["-severity", "-status_since", "finding"],
                name="span_open_worst",
                condition=Q(valid_to=None, superseded_at=None),
            ),
            models.Index(
                fields=["check_ran", "account", "region"],
                name="span_open_check",
                condition=Q(valid_to=None, superseded_at=None),
            ),
            GinIndex(
                fields=["solutions"],
                name="span_open_solutions",
                condition=Q(valid_to=None, superseded_at=None),
            ),
            models.Index(
                fields=["-severity", "-status_since", "finding"],
                name="span_reports",
                condition=Q(status=Status.REPORT),
            ),
            GinIndex(
                fields=["solutions"],
                name="span_open_reports",
                condition=Q(status=Status.REPORT, valid_to=None, superseded_at=None),
            ),
            models.Index(fields=["valid_from"], name="span_begun"),
            models.Index(fields=["valid_to"], name="span_ended", condition=Q(valid_to__isnull=False)),
            models.Index(
                fields=["valid_to"], name="span_ended_fails", condition=Q(valid_to__isnull=False, status="fail")
            ),
            models.Index(fields=["-severity", "-status_since", "finding"], name="span_worst"),
            models.Index(
                fields=["valid_from"], name="span_unowned_fails", condition=Q(solutions=[], status=Status.FAIL)
            ),
            models.Index(
                fields=["finding", "valid_from"], name="span_suppressed", condition=Q(workflow=Workflow.SUPPRESSED)
            ),
            models.Index(
                fields=["end_recorded_at"], name="span_end_recorded", condition=Q(end_recorded_at__isnull=False)
            ),
            models.Index(fields=["superseded_at"], name="span_superseded", condition=Q(superseded_at__isnull=False)),
            models.Index(fields=["recorded_at"], name="span_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.finding_id}: {self.status} from {self.valid_from}"


class FindingResource(models.Model):
    """A finding's resources, the first one included."""

    finding = models.ForeignKey(
        Finding, on_delete=models.PROTECT, db_constraint=False, related_name="links", db_index=False
    )
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, db_constraint=False, related_name="links")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["finding", "resource"], name="finding_resource_once")]

    def __str__(self) -> str:
        return f"{self.finding_id} on {self.resource_id}"

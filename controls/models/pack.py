from __future__ import annotations

from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.public_id import PublicId
from controls.models.framework import Framework
from controls.models.source import SourceFile

PROCESS_CHECK = "AWS_CONFIG_PROCESS_CHECK"
"""The identifier of rules that a person answers: AWS evaluates nothing."""


class Pack(PublicId):
    """An AWS Config conformance pack: rules that are deployed together."""

    public_prefix = "CP"

    key = models.CharField(max_length=200, unique=True, help_text="The template's file name without its ending.")
    name = models.CharField(max_length=200)
    publisher = models.CharField(max_length=200, blank=True)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PackVersionQuerySet(models.QuerySet["PackVersion"]):
    def current(self, at: datetime) -> Self:
        return self.filter(Q(valid_from__lte=at) & (Q(valid_to=None) | Q(valid_to__gt=at)))


class PackVersion(PublicId):
    """A template as it was imported. parameters: [{"name", "type", "default", "description", "allowed"}].
    conditions: name → expression. remediations: [{"logical_id", "rule", "target", "automatic", "properties"}].
    """

    public_prefix = "CV"

    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="versions")
    framework = models.ForeignKey(
        Framework, on_delete=models.PROTECT, null=True, related_name="+", help_text="Whose ids its rules name."
    )
    source_name = models.CharField(max_length=300)
    source_sha256 = models.CharField(max_length=64)
    source_file = models.ForeignKey(SourceFile, on_delete=models.PROTECT, null=True, related_name="+")
    published_on = models.DateField(null=True)
    imported_by = models.CharField(max_length=200)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    parameters = models.JSONField(default=list)
    conditions = models.JSONField(default=dict)
    remediations = models.JSONField(default=list)

    objects = PackVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pack"], name="pack_one_current", condition=Q(valid_to=None)),
            models.CheckConstraint(
                name="pack_version_ends_after_it_begins",
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pack} {self.public_id}"


class PackRuleQuerySet(models.QuerySet["PackRule"]):
    def process_checks(self) -> Self:
        return self.filter(identifier=PROCESS_CHECK)

    def evaluated(self) -> Self:
        return self.exclude(identifier=PROCESS_CHECK)


class PackRule(models.Model):
    """A rule of a template. identifier: of a managed rule, else empty. inputs: name → value or expression.
    controls: its `Controls` key. states: [{"key", "label", "obligation"}] as its description names them.
    """

    class Owner(models.TextChoices):
        AWS = "AWS", _("Managed by AWS")
        CUSTOM_LAMBDA = "CUSTOM_LAMBDA", _("Own Lambda function")
        CUSTOM_POLICY = "CUSTOM_POLICY", _("Own Guard policy")

    version = models.ForeignKey(PackVersion, on_delete=models.PROTECT, related_name="rules")
    position = models.PositiveIntegerField()
    logical_id = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    owner = models.CharField(max_length=20, choices=Owner.choices)
    identifier = models.CharField(max_length=256, blank=True)
    condition = models.CharField(max_length=255, blank=True)
    inputs = models.JSONField(default=dict)
    resource_types = ArrayField(models.CharField(max_length=128), default=list)
    frequency = models.CharField(max_length=40, blank=True)
    description = models.TextField(blank=True)
    controls = ArrayField(models.CharField(max_length=120), default=list)
    states = models.JSONField(default=list)
    policy = models.TextField(blank=True, help_text="The Guard rule of a CUSTOM_POLICY.")

    objects = PackRuleQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["version", "logical_id"], name="pack_rule_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_process_check(self) -> bool:
        return self.identifier == PROCESS_CHECK

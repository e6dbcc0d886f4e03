from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.public_id import PublicId
from findings.models.vocabulary import Severity, Source


class CheckQuerySet(models.QuerySet["Check"]):
    def naming(self, text: str) -> Self:
        """Checks with this in their key or title, in whatever case."""
        return self.filter(Q(key__icontains=text) | Q(title__icontains=text))


class Check(PublicId):
    """A question that is asked of resources: a Security Hub control, a Config rule, a product's detector.

    key: unique within its source. Security Hub: the control id ("S3.8"), else the generator id.
    Config: the managed rule's identifier ("S3_BUCKET_PUBLIC_READ_PROHIBITED"), else the rule's name.
    """

    public_prefix = "K"

    class Kind(models.TextChoices):
        COMPLIANCE = "compliance", _("Compliance check")
        REPORT = "report", _("Threat or vulnerability report")

    source = models.CharField(max_length=20, choices=Source.choices)
    key = models.CharField(max_length=512)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.COMPLIANCE)
    title = models.CharField(max_length=512, blank=True)
    description = models.TextField(blank=True)
    severity = models.SmallIntegerField(choices=Severity.choices, default=Severity.NONE)
    config_rule = models.CharField(
        max_length=256, blank=True, help_text="Identifier of the Config rule it rests on, upper case."
    )
    remediation_text = models.TextField(blank=True, help_text="What the product recommends.")
    remediation_url = models.URLField(max_length=1000, blank=True)
    resource_types = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    standards = ArrayField(models.CharField(max_length=256), default=list, blank=True)
    requirements = ArrayField(models.CharField(max_length=256), default=list, blank=True)
    first_seen_at = models.DateTimeField()

    objects = CheckQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="check_source_key")]

    def __str__(self) -> str:
        return f"{self.key} {self.title}".strip()

    @property
    def says(self) -> str:
        """The title, where it tells more than the key: a Config rule's is often its own name again."""
        return "" if _plain(self.key).endswith(_plain(self.title)) else self.title

    @property
    def inherits_severity(self) -> bool:
        """Config gives no severity: what it has is that of the control that rests on the same rule."""
        return self.source == Source.CONFIG and self.severity > Severity.NONE

    def controls_behind(self) -> models.QuerySet[Check]:
        """The Security Hub controls that rest on the Config rule of this check."""
        if self.source != Source.CONFIG or not self.config_rule:
            return Check.objects.none()
        return Check.objects.filter(source=Source.SECURITY_HUB, config_rule=self.config_rule).order_by(
            "-severity", "key"
        )


def _plain(name: str) -> str:
    return name.replace("-", "_").casefold()

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from audit.public_id import PublicId
from findings.models.queries import OwnedQuerySet


class Words(models.Func):
    """What a resource is searched by: its key, and its name where that is no part of the key."""

    function = "resource_words"
    output_field = models.TextField()

    def __init__(self) -> None:
        super().__init__("key", "name")


class ResourceQuerySet(OwnedQuerySet["Resource"]):
    def naming(self, text: str) -> Self:
        """Resources with this in their ARN or name, in whatever case."""
        return self.alias(words=Words()).filter(words__icontains=text)


class Resource(PublicId):
    """Something in AWS that checks look at. key: its ARN where one is known, else account/region/type/id."""

    public_prefix = "A"

    key = models.TextField()
    type = models.CharField(max_length=128, help_text="CloudFormation's name, AWS::S3::Bucket.")
    native_id = models.TextField(help_text="As its source names it: an ARN or an id.")
    name = models.CharField(max_length=512, blank=True)
    account = models.CharField(max_length=12)
    region = models.CharField(max_length=30)
    tags = models.JSONField(default=dict)
    solutions = ArrayField(models.BigIntegerField(), default=list, help_text="Keys of the solutions it belongs to now.")
    first_seen_at = models.DateTimeField()
    in_inventory_at = models.DateTimeField(
        null=True, help_text="When Config's inventory last listed it; null where it never did."
    )
    gone_at = models.DateTimeField(null=True, help_text="When a complete inventory no longer listed it.")

    objects = ResourceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key"], name="resource_key_once")]
        indexes = [
            models.Index(fields=["account", "region", "type"], name="resource_place"),
            GinIndex(fields=["solutions"], name="resource_solutions"),
            models.Index(fields=["account"], name="resource_unowned", condition=Q(solutions=[], gone_at=None)),
            GinIndex(OpClass(Upper(Words()), name="gin_trgm_ops"), name="resource_search"),
        ]

    def __str__(self) -> str:
        return self.name or self.native_id

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from audit.models import Span
from findings.models.coverage import Scope


class ConfigRule(Span):
    """A rule that Config had in one account and region for a while, whether it found anything or not.

    scope: the place, of source Config. Where a place cannot be entered, only what its rules found is known.
    parameters: as Config has them, text by name; another row begins where one of them changes.
    """

    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="rules")
    name = models.CharField(max_length=256)
    parameters = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "name"],
                name="config_rule_one_open_span",
                condition=Q(valid_to=None, superseded_at=None),
            ),
            models.CheckConstraint(
                name="config_rule_span_ends_after_it_begins",
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

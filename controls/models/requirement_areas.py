"""Which areas a requirement is about: what the library says of a framework's parts, and what people say of one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from controls.models.framework import Framework
from controls.models.responsibility import Area, Fact, ResponsibilitySet
from controls.models.statement import Statement, StatementQuerySet


class AreaRule(Fact):
    """Areas of everything in a section, or of a requirement and its parts. name: the section's path, or the key."""

    class Kind(models.TextChoices):
        REQUIREMENT = "requirement", _("Requirement")
        SECTION = "section", _("Section")

    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="area_rules")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    name = models.CharField(max_length=500)
    areas = ArrayField(models.CharField(max_length=16, choices=Area.choices))
    responsibility_set = models.ForeignKey(ResponsibilitySet, on_delete=models.PROTECT, related_name="+")
    stated_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    objects = StatementQuerySet["AreaRule"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["framework", "kind", "name"], name="area_rule_one_open", condition=Q(replaced_at=None)
            ),
            models.CheckConstraint(
                name="area_rule_ends_after_it_begins",
                condition=Q(replaced_at=None) | Q(replaced_at__gte=F("stated_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {', '.join(self.areas)}"


class Rules:
    """The rules of a framework that hold at a moment. One query."""

    def __init__(self, framework: Framework, at: datetime) -> None:
        self._named = {(one.kind, one.name): one for one in AreaRule.objects.at(at).filter(framework=framework)}

    def most_specific(self, key: str, path: str) -> AreaRule | None:
        """Of a requirement with this key in the section with this path: the longest key, else the deepest section."""
        for name in _shortened(key, ".("):
            if found := self._named.get((AreaRule.Kind.REQUIREMENT.value, name)):
                return found
        for name in _shortened(path, "/"):
            if found := self._named.get((AreaRule.Kind.SECTION.value, name)):
                return found
        return None


def _shortened(name: str, marks: str) -> Iterator[str]:
    """A name, and what it begins with, up to each of these marks from the last one on."""
    yield name
    for position in range(len(name) - 1, 0, -1):
        if name[position] in marks:
            yield name[:position]


class RequirementAreas(Statement):
    """What the second line says a requirement is about, whatever the library says.

    areas: None where it goes back to what the library says; empty where it is about none of them.
    """

    public_prefix = "RE"

    areas = ArrayField(models.CharField(max_length=16, choices=Area.choices), null=True)

    objects = StatementQuerySet["RequirementAreas"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["requirement"], name="requirement_areas_one_open", condition=Q(replaced_at=None)
            ),
            models.CheckConstraint(
                name="requirement_areas_ends_after_it_begins",
                condition=Q(replaced_at=None) | Q(replaced_at__gte=F("stated_at")),
            ),
        ]

    def __str__(self) -> str:
        return ", ".join(self.areas or [])

"""Where requirements and controls stood, kept as spans: what trends are read from. Written by controls.rollup."""

from __future__ import annotations

from datetime import datetime
from typing import Self, TypeVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from audit.models import Span
from controls.models.control import Control
from controls.models.framework import Framework
from controls.models.requirement import Requirement
from organisation.models import Solution

Row = TypeVar("Row", bound=models.Model, covariant=True)


class StandingSpanQuerySet(models.QuerySet[Row]):
    def of(self, solution: Solution | None) -> Self:
        """In one solution; None: in the whole estate."""
        return self.filter(solution=solution, superseded_at=None)

    def open(self) -> Self:
        return self.filter(valid_to=None, superseded_at=None)

    def between(self, begin: datetime, end: datetime) -> Self:
        """Those that held at some time of a period."""
        return self.filter(Q(valid_from__lt=end) & (Q(valid_to=None) | Q(valid_to__gt=begin)))


class StandingSpan(Span):
    """Where something stood for a while, in a solution or, without one, in the whole estate.

    monitoring: of controls.standing.Monitoring. What nothing shows has no span. Its dates are the moments at which
    the portal worked it out.
    """

    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, null=True, related_name="+")
    monitoring = models.CharField(max_length=16)

    class Meta:
        abstract = True


class RequirementSpanQuerySet(StandingSpanQuerySet["RequirementSpan"]):
    def of_framework(self, framework: Framework) -> Self:
        return self.filter(requirement__framework=framework)


class RequirementSpan(StandingSpan):
    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="spans")

    objects = RequirementSpanQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                F("requirement"),
                Coalesce(F("solution"), 0),
                name="requirement_span_one_open",
                condition=Q(valid_to=None, superseded_at=None),
            ),
            models.CheckConstraint(
                name="requirement_span_ends_after_it_begins",
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requirement_id}: {self.monitoring} from {self.valid_from}"


class ControlSpan(StandingSpan):
    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="spans")

    objects = StandingSpanQuerySet["ControlSpan"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                F("control"),
                Coalesce(F("solution"), 0),
                name="control_span_one_open",
                condition=Q(valid_to=None, superseded_at=None),
            ),
            models.CheckConstraint(
                name="control_span_ends_after_it_begins",
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.control_id}: {self.monitoring} from {self.valid_from}"


class RollUp(models.Model):
    """A working out of every standing: of which edition of the data, when, and how long it took."""

    edition = models.TextField()
    at = models.DateTimeField()
    took = models.FloatField(help_text="Seconds.")
    changed = models.PositiveIntegerField(help_text="Spans that began or ended.")

    class Meta:
        get_latest_by = "pk"

    def __str__(self) -> str:
        return f"{self.at}: {self.changed}"

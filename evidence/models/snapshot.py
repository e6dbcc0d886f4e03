"""What the checks of a control said at a moment, captured by the portal itself at the control's frequency."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from controls.models import Control
from evidence.models.evidence import Evidence
from organisation.models import Solution


class Snapshot(models.Model):
    """The figures of one snapshot; the raw records are its evidence's file. Written once for each period.

    solution: whose part it is; None where the control is the organisation's and no solution has it. period_from,
    period_to: the step of the control's frequency that it stands for. population = passing + failing + accepted +
    unknown, in pairs of check and resource. is_complete: whether every reading behind it had ended without a gap.
    """

    evidence = models.OneToOneField(Evidence, on_delete=models.PROTECT, related_name="snapshot")
    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="snapshots")
    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, null=True, related_name="+")
    period_from = models.DateTimeField()
    period_to = models.DateTimeField()
    population = models.PositiveIntegerField()
    passing = models.PositiveIntegerField()
    failing = models.PositiveIntegerField()
    accepted = models.PositiveIntegerField(help_text="Failing, and accepted by an exception in force.")
    unknown = models.PositiveIntegerField()
    is_complete = models.BooleanField()

    objects = models.Manager["Snapshot"]()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["control", "solution", "period_from"], name="snapshot_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="snapshot_adds_up",
                condition=Q(population=F("passing") + F("failing") + F("accepted") + F("unknown")),
            ),
            models.CheckConstraint(name="snapshot_period_has_length", condition=Q(period_to__gt=F("period_from"))),
        ]

    def __str__(self) -> str:
        return f"{self.control_id} at {self.period_from}"

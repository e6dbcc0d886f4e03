"""What the second line decided on many mappings at once, so that it can be read, and taken back, as one."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit.public_id import PublicId
from desk.models import Job
from organisation.models import User


class MappingDecision(PublicId):
    """One decision on the mappings that a filter matched, for one reason.

    asked: the filter, parameter → value as given. chosen: keys of the mappings that it was about, whether or not
    it changed them. relation: the type that was stated of all of them; empty where each keeps what it was proposed
    as. changed: how many it changed; None while a worker has it. reverses: the decision that it takes back.
    """

    public_prefix = "MD"

    class Action(models.TextChoices):
        APPROVE = "approve", _("Approved")
        END = "end", _("Rejected or withdrawn")
        REVERSE = "reverse", _("Withdrew what a decision approved")

    action = models.CharField(max_length=10, choices=Action.choices)
    relation = models.CharField(max_length=12, blank=True)
    because = models.TextField()
    asked = models.JSONField(default=dict)
    chosen = ArrayField(models.BigIntegerField())
    changed = models.PositiveIntegerField(null=True)
    reverses = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="reversals")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    carried_out_at = models.DateTimeField(null=True)
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="+")

    objects = models.Manager["MappingDecision"]()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="mapping_decision_changed_when_carried_out",
                condition=Q(changed=None, carried_out_at=None)
                | Q(changed__isnull=False, carried_out_at__gte=F("decided_at")),
            ),
            models.CheckConstraint(
                name="mapping_decision_reversals_name_what_they_reverse",
                condition=Q(action="reverse", reverses__isnull=False) | (~Q(action="reverse") & Q(reverses=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {len(self.chosen)}"

    @property
    def left(self) -> int:
        """How many it was about and did not change: the decider's own proposals, and what was decided before."""
        return len(self.chosen) - (self.changed or 0)

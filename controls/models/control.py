"""The organisation's own controls: what it does so that requirements are met and risks stay small."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.models import RowVersion
from audit.public_id import PublicId
from organisation.models import Solution, User
from organisation.models.dated import Dated, DatedQuerySet


class Frequency(models.TextChoices):
    """How often a control is operated, and so how long a test or a statement of it stays fresh."""

    CONTINUOUS = "continuous", _("Continuous")
    DAILY = "daily", _("Daily")
    WEEKLY = "weekly", _("Weekly")
    MONTHLY = "monthly", _("Monthly")
    QUARTERLY = "quarterly", _("Quarterly")
    HALF_YEARLY = "half_yearly", _("Half-yearly")
    YEARLY = "yearly", _("Yearly")


class ControlQuerySet(models.QuerySet["Control"]):
    def added_by(self, at: datetime) -> Self:
        return self.filter(added_at__lte=at)

    def in_use(self, at: datetime) -> Self:
        return self.added_by(at).exclude(retired_at__lte=at)

    def common(self) -> Self:
        """Those that a platform solution operates for others too."""
        return self.filter(is_common=True)

    def naming(self, words: str) -> Self:
        return self.filter(Q(name__icontains=words) | Q(objective__icontains=words))


@pghistory.track()
class Control(PublicId, RowVersion):
    """What the organisation does, in its own words: satisfied by checks, manual tests or attestations.

    solution: who operates it where one solution does; without one it is asked of every solution. is_common: other
    solutions may inherit it from that one. owner: who answers for it.
    """

    public_prefix = "C"

    class Kind(models.TextChoices):
        PREVENTIVE = "preventive", _("Preventive")
        DETECTIVE = "detective", _("Detective")
        CORRECTIVE = "corrective", _("Corrective")

    class Method(models.TextChoices):
        AUTOMATED = "automated", _("Automated")
        MANUAL = "manual", _("Manual")

    name = models.CharField(_("name"), max_length=200, unique=True)
    objective = models.TextField(_("objective"), max_length=2000)
    kind = models.CharField(_("type"), max_length=12, choices=Kind.choices)
    method = models.CharField(_("how it works"), max_length=12, choices=Method.choices)
    frequency = models.CharField(_("frequency"), max_length=12, choices=Frequency.choices)
    procedure = models.TextField(_("how it is tested"), max_length=4000, blank=True)
    evidence = models.TextField(_("what evidence shows it"), max_length=2000, blank=True)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="controls", verbose_name=_("owner"))
    solution = models.ForeignKey(
        Solution, on_delete=models.PROTECT, null=True, blank=True, related_name="controls", verbose_name=_("solution")
    )
    is_common = models.BooleanField(_("common"), default=False)
    added_by = models.CharField(max_length=200, help_text="Public id of a person, or the name of a process.")
    added_at = models.DateTimeField(default=clock.now, editable=False)
    retired_by = models.CharField(max_length=200, blank=True, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    retired_because = models.TextField(blank=True, editable=False)

    objects = ControlQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="control_common_ones_have_a_solution", condition=Q(is_common=False) | Q(solution__isnull=False)
            ),
            models.CheckConstraint(
                name="control_retired_by_at_and_why_together",
                condition=Q(retired_at=None, retired_by="", retired_because="")
                | (Q(retired_at__isnull=False) & ~Q(retired_by="") & ~Q(retired_because="")),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class InheritanceQuerySet(DatedQuerySet["Inheritance"]):
    pass


@pghistory.track()
class Inheritance(Dated):
    """That a solution relies on a common control of another one, from one moment to another, and why."""

    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="inheritances")
    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, related_name="inherited_controls")
    because = models.CharField(max_length=500)
    agreed_by = models.CharField(max_length=200, help_text="Public id of a person, or the name of a process.")

    objects = InheritanceQuerySet.as_manager()

    class Meta(Dated.Meta):
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(
                fields=["control", "solution"], name="inheritance_one_open", condition=Q(valid_to=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.solution_id} inherits {self.control_id}"

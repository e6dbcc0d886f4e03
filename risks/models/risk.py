"""The register: what may happen, why, what it would do, and who answers for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.models import RowVersion
from audit.public_id import PublicId
from controls.models import Control
from findings.models import Check, Finding
from organisation.models import Solution, User, Visibility
from organisation.models.dated import Dated, DatedQuerySet
from organisation.standing_in import hands
from risks.models.appetite import Category
from risks.models.closing import Closing
from risks.models.matrix import Matrix


class RiskQuerySet(models.QuerySet["Risk"]):
    def visible_to(self, user: object) -> Self:
        """Those of one's own solutions, what one answers for, and that of whom one stands in for."""
        seen = Visibility.of(user)
        if seen.everything:
            return self
        if not isinstance(user, User):
            return self.none()
        return self.filter(Q(solution__in=seen.solutions) | Q(owner__in=hands(user)))

    def added_by(self, at: datetime) -> Self:
        return self.filter(added_at__lte=at)

    def open(self) -> Self:
        return self.filter(closed_at=None)

    def closed(self) -> Self:
        return self.exclude(closed_at=None)

    def owned_by(self, people: Iterable[User]) -> Self:
        return self.filter(owner__in=people)


KEPT_UP = ["inherent", "current", "target", "likelihood", "impact", "standing"]
"""The fields of a risk that follow from its assessments, its matrix and the appetite."""


@pghistory.track(exclude=KEPT_UP)
class Risk(PublicId, Closing, RowVersion):
    """Something that may happen to a solution, stated as cause, event and consequence.

    Those of KEPT_UP are kept up by risks.standing from assessments and appetites: levels are indices of
    the matrix in force, None where nothing is assessed. likelihood, impact: of the current level, for the heat map;
    None where it was stated on a matrix of another shape.
    """

    public_prefix = "R"

    class Standing(models.TextChoices):
        WITHIN = "within", _("Within appetite")
        ABOVE_APPETITE = "above_appetite", _("Above appetite")
        ABOVE_TOLERANCE = "above_tolerance", _("Above tolerance")
        NO_APPETITE = "no_appetite", _("No appetite stated")
        NOT_ASSESSED = "not_assessed", _("Not assessed")

    title = models.CharField(_("title"), max_length=200)
    cause = models.TextField(_("cause"), max_length=2000)
    event = models.TextField(_("event"), max_length=2000)
    consequence = models.TextField(_("consequence"), max_length=2000)
    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, related_name="risks", verbose_name=_("solution"))
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="risks", verbose_name=_("category"))
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="risks", verbose_name=_("owner"))
    review_on = models.DateField(_("next review"), null=True, blank=True)
    link = models.URLField(_("ticket or pull request"), max_length=500, blank=True)
    added_by = models.CharField(max_length=200, help_text="Public id of a person, or the name of a process.")
    added_at = models.DateTimeField(default=clock.now, editable=False)

    inherent = models.PositiveSmallIntegerField(null=True, editable=False)
    current = models.PositiveSmallIntegerField(null=True, editable=False)
    target = models.PositiveSmallIntegerField(null=True, editable=False)
    likelihood = models.PositiveSmallIntegerField(null=True, editable=False)
    impact = models.PositiveSmallIntegerField(null=True, editable=False)
    standing = models.CharField(max_length=16, choices=Standing.choices, default=Standing.NOT_ASSESSED, editable=False)

    objects = RiskQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [*Closing.Meta.constraints]
        indexes = [
            models.Index(fields=["-current", "-id"], name="risk_worst", condition=Q(closed_at=None)),
            models.Index(fields=["likelihood", "impact"], name="risk_cell", condition=Q(closed_at=None)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def told(self) -> dict[str, Any]:
        """What people write of it, as the trail keeps it: rows by their public ids."""
        rows = {name: getattr(self, name).public_id for name in ("solution", "category", "owner")}
        dates = {"review_on": self.review_on.isoformat() if self.review_on else None}
        return {name: getattr(self, name) for name in WRITTEN} | rows | dates


WRITTEN = ("title", "cause", "event", "consequence", "solution", "category", "owner", "review_on", "link")
"""The fields of a risk that people write."""


@pghistory.track()
class RiskControl(Dated):
    """That a control keeps a risk down, from one moment to another, and how far: to a bound, never by a number.

    likelihood_at_most, impact_at_most: with the control passing, no more than this on the matrix named; None where it
    does nothing for that side.
    """

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="control_links")
    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="risk_links")
    matrix = models.ForeignKey(Matrix, on_delete=models.PROTECT, related_name="+")
    likelihood_at_most = models.PositiveSmallIntegerField(null=True, blank=True)
    impact_at_most = models.PositiveSmallIntegerField(null=True, blank=True)
    because = models.CharField(max_length=500)
    linked_by = models.CharField(max_length=200)

    objects = DatedQuerySet["RiskControl"].as_manager()

    class Meta(Dated.Meta):
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(fields=["risk", "control"], name="risk_control_once", condition=Q(valid_to=None)),
        ]

    def __str__(self) -> str:
        return f"{self.control_id} on {self.risk_id}"


@pghistory.track()
class RiskFindings(Dated):
    """That findings show a risk: one finding, or every one of a check in an account (empty: all of the solution's)."""

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="finding_links")
    check_ran = models.ForeignKey(Check, on_delete=models.PROTECT, related_name="+")
    account = models.CharField(max_length=12, blank=True)
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, null=True, related_name="+")
    linked_by = models.CharField(max_length=200)

    objects = DatedQuerySet["RiskFindings"].as_manager()

    class Meta(Dated.Meta):
        verbose_name_plural = "risk findings"
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(
                fields=["risk", "check_ran", "account"],
                name="risk_group_once",
                condition=Q(valid_to=None, finding=None),
            ),
            models.UniqueConstraint(
                fields=["risk", "finding"], name="risk_finding_once", condition=Q(valid_to=None, finding__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_ran_id} {self.account} on {self.risk_id}"

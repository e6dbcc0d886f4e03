"""What people state of a requirement. A row holds one statement; another one of the same takes its place."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self, TypeVar

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import clock, trail
from audit.public_id import PublicId
from controls.models.requirement import Requirement
from organisation.models import User

Row = TypeVar("Row", bound=models.Model, covariant=True)


class StatementQuerySet(models.QuerySet[Row]):
    def at(self, at: datetime) -> Self:
        """What was stated and not yet replaced at a moment."""
        return self.filter(Q(stated_at__lte=at) & (Q(replaced_at=None) | Q(replaced_at__gt=at)))


class Statement(PublicId):
    """because: why it is so. stated_at: from when it holds; our clock, never earlier than the act."""

    requirement = models.ForeignKey(Requirement, on_delete=models.PROTECT, related_name="%(class)s_statements")
    because = models.TextField()
    stated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    stated_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True, help_text="When another statement took its place.")

    ONE_OF: tuple[str, ...] = ("requirement",)
    """Fields of which one combination has one open statement."""

    class Meta:
        abstract = True

    @classmethod
    @transaction.atomic
    def state(cls, requirement: Requirement, *, because: str, by: User, **said: Any) -> Self:
        """From now on it is so. What was stated before is replaced and stays; the same again is a statement anew."""
        Requirement.objects.select_for_update().get(pk=requirement.pk)
        at = clock.now()
        made = cls(requirement=requirement, because=because, stated_by=by, stated_at=at, **said)
        same = {name: getattr(made, name) for name in cls.ONE_OF}
        models.QuerySet(cls).filter(**same, replaced_at=None).update(replaced_at=at)
        made.save()
        told = {name: str(value) for name, value in said.items()}
        trail.record(by, f"{cls._meta.model_name}.stated", made, requirement=requirement.key, because=because, **told)
        return made


class ApplicabilityQuerySet(StatementQuerySet["Applicability"]):
    def excluding(self, at: datetime) -> Self:
        """Those that say "not applicable" at a moment: what figures of that moment leave out."""
        return self.at(at).filter(applicable=False)


class Applicability(Statement):
    """Whether a requirement applies to the organisation. Where nobody stated it, it does."""

    public_prefix = "AP"

    applicable = models.BooleanField()

    objects = ApplicabilityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["requirement"], name="applicability_one_open", condition=Q(replaced_at=None)
            ),
            models.CheckConstraint(
                name="applicability_ends_after_it_begins",
                condition=Q(replaced_at=None) | Q(replaced_at__gte=F("stated_at")),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Applicable") if self.applicable else _("Not applicable"))


class Implementation(Statement):
    """How far a requirement is met, in the words of its framework. Where nobody stated it, it is not known.

    Never read as a monitoring status, and never written from one.
    """

    public_prefix = "IM"

    class Status(models.TextChoices):
        IMPLEMENTED = "implemented", _("Implemented")
        PARTLY = "partly", _("Partly implemented")
        PLANNED = "planned", _("Planned")
        NOT_IMPLEMENTED = "not_implemented", _("Not implemented")
        IN_PLACE = "in_place", _("In place")
        IN_PLACE_CCW = "in_place_ccw", _("In place with CCW")
        NOT_TESTED = "not_tested", _("Not tested")
        NOT_IN_PLACE = "not_in_place", _("Not in place")

    status = models.CharField(max_length=16, choices=Status.choices)

    objects = StatementQuerySet["Implementation"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["requirement"], name="implementation_one_open", condition=Q(replaced_at=None)
            ),
            models.CheckConstraint(
                name="implementation_ends_after_it_begins",
                condition=Q(replaced_at=None) | Q(replaced_at__gte=F("stated_at")),
            ),
        ]

    def __str__(self) -> str:
        return self.get_status_display()

"""The organisation's own controls: what it does so that requirements are met and risks stay small."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Self

import pghistory
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from audit import clock, trail
from audit.models import RowVersion
from audit.public_id import PublicId
from controls.refusals import Refused
from organisation.models import NotAllowed, Solution, User, Visibility
from organisation.models.dated import Dated, DatedQuerySet
from organisation.standing_in import hands


class Frequency(models.TextChoices):
    """How often a control is operated, and so how long a test or a statement of it stays fresh."""

    CONTINUOUS = "continuous", _("Continuous")
    DAILY = "daily", _("Daily")
    WEEKLY = "weekly", _("Weekly")
    MONTHLY = "monthly", _("Monthly")
    QUARTERLY = "quarterly", _("Quarterly")
    HALF_YEARLY = "half_yearly", _("Half-yearly")
    YEARLY = "yearly", _("Yearly")

    @property
    def lasts(self) -> timedelta:
        """How long a test or a statement stays fresh after the end of its period."""
        return timedelta(days=DAYS[self])


DAYS = {
    Frequency.CONTINUOUS: 1,
    Frequency.DAILY: 1,
    Frequency.WEEKLY: 7,
    Frequency.MONTHLY: 31,
    Frequency.QUARTERLY: 92,
    Frequency.HALF_YEARLY: 183,
    Frequency.YEARLY: 366,
}


class ControlQuerySet(models.QuerySet["Control"]):
    def visible_to(self, user: object) -> Self:
        """Those asked of every solution, those of one's own solutions, what these inherit, and what one answers for."""
        seen = Visibility.of(user)
        if seen.everything:
            return self
        if not isinstance(user, User):
            return self.none()
        inherited = Inheritance.objects.in_force(clock.now()).filter(solution__in=seen.solutions)
        theirs = Q(Exists(inherited.filter(control=OuterRef("pk")))) | Q(owner__in=hands(user))
        return self.filter(Q(solution=None) | Q(solution__in=seen.solutions) | theirs)

    def added_by(self, at: datetime) -> Self:
        return self.filter(added_at__lte=at)

    def in_use(self, at: datetime) -> Self:
        return self.added_by(at).exclude(retired_at__lte=at)

    def common(self) -> Self:
        """Those that a platform solution operates for others too."""
        return self.filter(is_common=True)

    def manual(self) -> Self:
        return self.filter(method=Control.Method.MANUAL)

    def owned_by(self, people: Iterable[User]) -> Self:
        return self.filter(owner__in=people)

    def named(self, name: str) -> Self:
        return self.filter(name__iexact=name)

    def naming(self, words: str) -> Self:
        return self.filter(Q(name__icontains=words) | Q(objective__icontains=words))


@pghistory.track()
class Control(PublicId, RowVersion):
    """What the organisation does, in its own words: satisfied by checks, manual tests or attestations.

    solution: who operates it where one solution does; without one it is asked of every solution. is_common: other
    solutions may inherit it from that one. owner: who answers for it.
    """

    public_prefix = "CT"

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

    @property
    def lasts(self) -> timedelta:
        return Frequency(self.frequency).lasts

    @property
    def is_manual(self) -> bool:
        return self.method == Control.Method.MANUAL

    def is_retired(self, at: datetime) -> bool:
        return self.retired_at is not None and self.retired_at <= at

    @property
    def told(self) -> dict[str, Any]:
        """What people write of it, as the trail keeps it: rows by their public ids."""
        said = {name: getattr(self, name) for name in WRITTEN}
        solution = self.solution.public_id if self.solution else None
        return {**said, "owner": self.owner.public_id, "solution": solution}

    @classmethod
    @transaction.atomic
    def add(cls, *, by: User, **said: Any) -> Control:
        """said: each of WRITTEN. Raises Refused."""
        control = cls(added_by=by.public_id, **said)
        control._refuse_nonsense()
        control.save()
        trail.record(by, "control.added", control, **control.told)
        return control

    @transaction.atomic
    def change(self, *, read: int, by: User, **said: Any) -> None:
        """said: any of WRITTEN. read: the version the person saw. Raises StaleRow, Refused."""
        if self.retired_at:
            raise Refused(_("It is retired: re-open it first."))
        before = self.told
        for name, value in said.items():
            setattr(self, name, value)
        after = self.told
        changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
        if changed.keys() & {"solution", "is_common"} and self.inheritances.not_ended(clock.now()).exists():
            raise Refused(_("Other solutions inherit it as it is: end these inheritances first."), "solution")
        self._refuse_nonsense()
        self.save_version(read=read)
        if changed:
            trail.record(by, "control.changed", self, changed=changed)

    def _refuse_nonsense(self) -> None:
        if Control.objects.named(self.name).exclude(pk=self.pk or 0).exists():
            raise Refused(_("Another control has this name; a retired one keeps its own."), "name")
        if self.is_common and not self.solution:
            words = _("Choose the solution that operates it: others inherit it from there.")
            raise Refused(words, "is_common")
        if self.is_manual and not self.procedure:
            raise Refused(_("Say how it is tested: nothing else shows a manual control."), "procedure")

    @transaction.atomic
    def retire(self, *, because: str, by: User) -> None:
        """From now on nobody answers for it and it shows nothing; its history stays, and it can be re-opened."""
        if self.retired_at:
            raise Refused(_("It is retired already."))
        self.retired_at, self.retired_by, self.retired_because = clock.now(), by.public_id, because
        self.save_version(read=self.version)
        trail.record(by, "control.retired", self, because=because)

    @transaction.atomic
    def reopen(self, *, because: str, by: User) -> None:
        if not self.retired_at:
            raise Refused(_("It is not retired."))
        was = {"at": self.retired_at.isoformat(), "by": self.retired_by, "because": self.retired_because}
        self.retired_at, self.retired_by, self.retired_because = None, "", ""
        self.save_version(read=self.version)
        trail.record(by, "control.reopened", self, because=because, was_retired=was)


WRITTEN = (
    "name", "objective", "kind", "method", "frequency", "procedure", "evidence", "owner", "solution", "is_common",
)  # fmt: skip
"""The fields of a control that people write."""


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

    @classmethod
    @transaction.atomic
    def agree(cls, control: Control, solution: Solution, *, because: str, by: User) -> Inheritance:
        """From now on the solution relies on the control of another one. Raises NotAllowed."""
        control = Control.objects.select_for_update(of=["self"]).select_related("solution").get(pk=control.pk)
        if not control.is_common or control.is_retired(clock.now()):
            raise NotAllowed(_("Only a common control that is in use can be inherited."))
        if solution == control.solution:
            raise NotAllowed(_("%(solution)s operates it itself.") % {"solution": solution})
        if control.inheritances.not_ended(clock.now()).filter(solution=solution).exists():
            raise NotAllowed(_("%(solution)s inherits it already.") % {"solution": solution})
        made = cls.objects.create(
            control=control, solution=solution, because=because, agreed_by=by.public_id, valid_from=clock.now()
        )
        trail.record(by, "control.inherited", control, solution=solution.public_id, because=because)
        return made

    @transaction.atomic
    def end(self, *, because: str, by: User) -> None:
        self.close(clock.now())
        trail.record(by, "control.inheritance_ended", self.control, solution=self.solution.public_id, because=because)

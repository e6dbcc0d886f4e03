"""What is done about a risk: a strategy, and a plan of dated actions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Self

import pghistory
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.models import RowVersion
from audit.public_id import PublicId
from findings.models import Check
from organisation.models import User, Visibility
from organisation.models.dated import Dated, DatedQuerySet
from organisation.standing_in import hands
from risks.models.closing import Closing
from risks.models.risk import Risk


class TreatmentQuerySet(models.QuerySet["Treatment"]):
    def visible_to(self, user: object) -> Self:
        seen = Visibility.of(user)
        if seen.everything:
            return self
        if not isinstance(user, User):
            return self.none()
        theirs = hands(user)
        own = Q(risk__owner__in=theirs) | Q(owner__in=theirs)
        return self.filter(Q(risk__solution__in=seen.solutions) | own)

    def open(self) -> Self:
        return self.filter(closed_at=None)


@pghistory.track()
class Treatment(PublicId, Closing, RowVersion):
    """One way in which a risk is treated, and who sees to it.

    hold_days: for how many days the checks that it names have to pass before its closure is proposed.
    """

    public_prefix = "T"

    class Strategy(models.TextChoices):
        MITIGATE = "mitigate", _("Mitigate")
        ACCEPT = "accept", _("Accept")
        TRANSFER = "transfer", _("Transfer")
        AVOID = "avoid", _("Avoid")

    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, related_name="treatments")
    strategy = models.CharField(_("strategy"), max_length=8, choices=Strategy.choices)
    plan = models.TextField(_("plan"), max_length=4000)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="treatments", verbose_name=_("owner"))
    hold_days = models.PositiveSmallIntegerField(_("days to hold"), default=14)
    added_by = models.CharField(max_length=200)
    added_at = models.DateTimeField(default=clock.now, editable=False)

    objects = TreatmentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            *Closing.Meta.constraints,
            models.CheckConstraint(
                name="treatment_is_not_closed_by_its_owner",
                condition=Q(closed_by=None) | ~Q(closed_by=F("owner")),
            ),
            models.CheckConstraint(name="treatment_holds_up_to_a_year", condition=Q(hold_days__range=(1, 366))),
        ]

    def __str__(self) -> str:
        return f"{self.get_strategy_display()} {self.risk_id}"


class ActionQuerySet(models.QuerySet["TreatmentAction"]):
    def visible_to(self, user: object) -> Self:
        """Of the treatments that one sees, and one's own."""
        own = Q(owner=user) if isinstance(user, User) else Q()
        return self.filter(Q(treatment__in=Treatment.objects.visible_to(user)) | own)

    def open(self) -> Self:
        return self.filter(state__in=[TreatmentAction.State.TO_DO, TreatmentAction.State.DOING])

    def overdue(self, on: date) -> Self:
        return self.open().filter(due_on__lt=on)

    def owned_by(self, people: Iterable[User]) -> Self:
        return self.filter(owner__in=people)


@pghistory.track()
class TreatmentAction(PublicId, RowVersion):
    """One dated step of a treatment plan."""

    public_prefix = "TA"

    class State(models.TextChoices):
        TO_DO = "to_do", _("To do")
        DOING = "doing", _("Under way")
        DONE = "done", _("Done")
        DROPPED = "dropped", _("Dropped")

    treatment = models.ForeignKey(Treatment, on_delete=models.PROTECT, related_name="actions")
    what = models.CharField(_("what is done"), max_length=300)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="actions", verbose_name=_("owner"))
    due_on = models.DateField(_("due on"))
    state = models.CharField(_("status"), max_length=8, choices=State.choices, default=State.TO_DO)
    link = models.URLField(_("ticket or pull request"), max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True, editable=False, help_text="When it was done or dropped.")
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, editable=False, related_name="+")
    ended_because = models.CharField(max_length=500, blank=True, editable=False)
    added_by = models.CharField(max_length=200)
    added_at = models.DateTimeField(default=clock.now, editable=False)

    objects = ActionQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [
            models.CheckConstraint(
                name="action_ended_when_it_is_done_or_dropped",
                condition=Q(state__in=["to_do", "doing"], ended_at=None, ended_by=None)
                | Q(state__in=["done", "dropped"], ended_at__isnull=False, ended_by__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["due_on"], name="action_due", condition=Q(state__in=["to_do", "doing"])),
        ]

    def __str__(self) -> str:
        return self.what


@pghistory.track()
class TreatmentCheck(Dated):
    """That a mitigation is done once this check passes: in one account, or wherever the solution is (empty)."""

    treatment = models.ForeignKey(Treatment, on_delete=models.PROTECT, related_name="checks")
    check_ran = models.ForeignKey(Check, on_delete=models.PROTECT, related_name="+")
    account = models.CharField(max_length=12, blank=True)

    objects = DatedQuerySet["TreatmentCheck"].as_manager()

    class Meta(Dated.Meta):
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(
                fields=["treatment", "check_ran", "account"], name="treatment_check_once", condition=Q(valid_to=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_ran_id} for {self.treatment_id}"

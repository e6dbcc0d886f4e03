"""The dated ledger of what people concluded of a control. Higher floors write to it, each row once."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from audit import clock, trail
from audit.public_id import PublicId
from controls.models.control import Control
from organisation.models import NotAllowed, Solution, User, Visibility


class VerdictQuerySet(models.QuerySet["Verdict"]):
    def visible_to(self, user: object) -> Self:
        """Those about the organisation, about one's own solutions, and about what one answers for."""
        seen = Visibility.of(user)
        if seen.everything:
            return self
        theirs = Q(control__owner=user) if isinstance(user, User) else Q()
        return self.filter(Q(solution=None) | Q(solution__in=seen.solutions) | theirs)

    def said(self, at: datetime) -> Self:
        """Said by a moment and not withdrawn by then."""
        return self.filter(Q(said_at__lte=at) & (Q(withdrawn_at=None) | Q(withdrawn_at__gt=at)))

    def showing(self) -> Self:
        """Tests and attestations: what gives a control a monitoring status where no check does."""
        return self.exclude(kind=Verdict.Kind.CONCLUSION)

    def conclusions(self) -> Self:
        return self.filter(kind=Verdict.Kind.CONCLUSION)

    def fresh(self, at: datetime) -> Self:
        """Those that still speak for a moment: what is older is not observed, never failed."""
        return self.said(at).filter(period_from__lte=at, fresh_until__gt=at)


class Verdict(PublicId):
    """What a named person says of a control for a period.

    kind: a manual test or an attestation tells what is so; a conclusion says whether the control was effective, and
    is never drawn from checks alone. period: from its first moment to the first moment after it. fresh_until: until
    when a test or statement stands for later moments. source: (kind, public id) of what wrote it, where a floor above
    did: such a source writes one row. A row is withdrawn, with a reason, never changed.
    """

    public_prefix = "V"

    class Kind(models.TextChoices):
        MANUAL_TEST = "manual_test", _("Manual test")
        ATTESTATION = "attestation", _("Attestation")
        CONCLUSION = "conclusion", _("Conclusion")

    class Result(models.TextChoices):
        PASSING = "passing", _("Passing")
        PARTLY_FAILING = "partly_failing", _("Partly failing")
        FAILING = "failing", _("Failing")
        EFFECTIVE = "effective", _("Effective")
        PARTLY_EFFECTIVE = "partly_effective", _("Partly effective")
        NOT_EFFECTIVE = "not_effective", _("Not effective")

    control = models.ForeignKey(Control, on_delete=models.PROTECT, related_name="verdicts")
    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    result = models.CharField(max_length=16, choices=Result.choices)
    period_from = models.DateTimeField()
    period_to = models.DateTimeField()
    fresh_until = models.DateTimeField()
    what = models.TextField(
        max_length=4000,
        blank=True,
        help_text="Of a manual test the procedure followed, of an attestation what is stated.",
    )
    because = models.TextField(max_length=4000, help_text="What was seen: the basis of the verdict.")
    stated_by = models.CharField(
        max_length=200, blank=True, help_text="Who attests it, where somebody else wrote it down."
    )
    said_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    said_at = models.DateTimeField()
    source_kind = models.CharField(max_length=60, blank=True)
    source_id = models.CharField(max_length=60, blank=True)
    withdrawn_by = models.CharField(max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.TextField(blank=True)

    objects = VerdictQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["control", "-said_at"], name="verdict_latest")]
        constraints = [
            models.CheckConstraint(name="verdict_period_has_length", condition=Q(period_to__gt=F("period_from"))),
            models.CheckConstraint(
                name="verdict_stays_fresh_after_its_period", condition=Q(fresh_until__gte=F("period_to"))
            ),
            models.CheckConstraint(
                name="verdict_result_is_of_its_kind",
                condition=Q(kind="conclusion", result__in=["effective", "partly_effective", "not_effective"])
                | (~Q(kind="conclusion") & Q(result__in=["passing", "partly_failing", "failing"])),
            ),
            models.CheckConstraint(
                name="verdict_withdrawn_by_at_and_why_together",
                condition=Q(withdrawn_at=None, withdrawn_by="", withdrawn_because="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_by="") & ~Q(withdrawn_because="")),
            ),
            models.CheckConstraint(
                name="verdict_source_is_whole",
                condition=Q(source_kind="", source_id="") | (~Q(source_kind="") & ~Q(source_id="")),
            ),
            models.UniqueConstraint(
                fields=["source_kind", "source_id", "control"],
                name="verdict_once_for_a_source",
                condition=~Q(source_id=""),
            ),
        ]

    def is_withdrawn(self, at: datetime) -> bool:
        return self.withdrawn_at is not None and self.withdrawn_at <= at

    def is_fresh(self, at: datetime) -> bool:
        """The same as VerdictQuerySet.fresh asks of a row."""
        return not self.is_withdrawn(at) and max(self.said_at, self.period_from) <= at < self.fresh_until

    def state(self, at: datetime) -> str:
        """withdrawn, fresh or stale at a moment by which it was said."""
        if self.is_withdrawn(at):
            return "withdrawn"
        return "fresh" if self.is_fresh(at) else "stale"

    @transaction.atomic
    def withdraw(self, *, because: str, by: User) -> None:
        """It speaks for no moment from now on; that it was said, and what, stays. Raises NotAllowed."""
        held = Verdict.objects.select_for_update().get(pk=self.pk)
        if held.withdrawn_at:
            raise NotAllowed(_("It is withdrawn already."))
        self.withdrawn_at, self.withdrawn_by, self.withdrawn_because = clock.now(), by.public_id, because
        self.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because"])
        trail.record(by, "verdict.withdrawn", self, control=self.control.public_id, because=because)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.control_id}: {self.get_result_display()}"

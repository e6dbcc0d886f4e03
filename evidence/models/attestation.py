"""What a named person states to be so, for a period, and on what basis."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from audit.public_id import PublicId
from controls.models import Control, Verdict
from evidence.models.evidence import Evidence
from organisation.models import Solution, User, Visibility
from organisation.standing_in import hands


class AttestationQuerySet(models.QuerySet["Attestation"]):
    def visible_to(self, user: object) -> Self:
        seen = Visibility.of(user)
        if seen.everything:
            return self
        if not isinstance(user, User):
            return self.none()
        hands_of = hands(user)
        theirs = Q(asked_of__in=hands_of) | Q(control__owner__in=hands_of)
        return self.filter(theirs | Q(solution=None) | Q(solution__in=seen.solutions))

    def awaited(self) -> Self:
        """Asked for, and neither given nor withdrawn."""
        return self.filter(attested_at=None, withdrawn_at=None)

    def standing(self, at: datetime) -> Self:
        """Given, and neither expired nor withdrawn."""
        not_withdrawn = Q(withdrawn_at=None) | Q(withdrawn_at__gt=at)
        return self.filter(not_withdrawn, attested_at__lte=at, expires_at__gt=at)

    def latest_of_its_control(self, at: datetime) -> Self:
        """But for those after which the same person stated a later period of the same control and solution."""
        place = Coalesce("solution_id", Value(0))
        later = Attestation.objects.standing(at).annotate(place=place)
        same = later.filter(
            place=Coalesce(OuterRef("solution_id"), Value(0)),
            control=OuterRef("control"),
            asked_of=OuterRef("asked_of"),
            period_to__gt=OuterRef("period_to"),
        )
        return self.filter(~Exists(same))

    def overdue(self, on: date) -> Self:
        return self.awaited().filter(due_on__lt=on)


class Attestation(PublicId):
    """Asked of one person, who alone gives it; or given of one's own accord (asked_by is then who gives it).

    statement: what is stated. basis: what it rests on, said when it is given. verdict: its row in the ledger of the
    control. expires_at: the first moment at which it holds no longer. Given once, never edited: withdrawn, with why.
    """

    public_prefix = "AN"

    control = models.ForeignKey(
        Control, on_delete=models.PROTECT, related_name="attestations", verbose_name=_("control")
    )
    solution = models.ForeignKey(
        Solution, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("solution")
    )
    statement = models.TextField(_("what is stated"), max_length=4000)
    period_from = models.DateTimeField()
    period_to = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    asked_of = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="attestations", verbose_name=_("who states it")
    )
    due_on = models.DateField(_("due on"))
    holds = models.BooleanField(null=True, help_text="Whether it is so, as stated; None until then.")
    basis = models.TextField(_("what it rests on"), max_length=4000, blank=True)
    attested_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    verdict = models.OneToOneField(Verdict, on_delete=models.PROTECT, null=True, related_name="+")
    evidence = models.ManyToManyField(Evidence, related_name="attestations")
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_because = models.TextField(max_length=2000, blank=True)

    objects = AttestationQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["asked_of", "due_on"],
                name="attestation_awaited",
                condition=Q(attested_at=None, withdrawn_at=None),
            )
        ]
        constraints = [
            models.CheckConstraint(name="attestation_period_has_length", condition=Q(period_to__gt=F("period_from"))),
            models.CheckConstraint(
                name="attestation_given_whole",
                condition=Q(attested_at=None, holds=None, basis="", expires_at=None, verdict=None)
                | (
                    Q(attested_at__isnull=False, holds__isnull=False, verdict__isnull=False)
                    & Q(expires_at__gt=F("attested_at"))
                    & ~Q(basis="")
                ),
            ),
            models.CheckConstraint(
                name="attestation_withdrawn_at_by_and_why_together",
                condition=Q(withdrawn_at=None, withdrawn_by=None, withdrawn_because="")
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_because="")),
            ),
        ]

    @property
    def stated_by(self) -> str:
        """As people say it: “Ben for Ana” where one stood in for the other."""
        by = self.verdict.said_by if self.verdict else self.asked_of
        return _("%(who)s for %(away)s") % {"who": by, "away": self.asked_of} if by != self.asked_of else by.name

    def __str__(self) -> str:
        return self.statement

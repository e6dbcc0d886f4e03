"""Time-boxed exceptions: asked for by one, accepted by another, concurred with by a third."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, Q
from django.utils.translation import gettext_lazy as _

from audit import clock
from audit.models import RowVersion
from audit.public_id import PublicId
from findings.models import Check, Resource
from organisation.models import Solution, User, Visibility
from organisation.standing_in import hands
from risks.models.appetite import Authority
from risks.models.matrix import Matrix
from risks.models.risk import Risk


def _concerns(user: User, at: datetime) -> Q:
    """What one asked for, accepted or answers for, or whom one stands in for, and what one may oneself accept."""
    theirs = hands(user)
    own = Q(asked_by__in=theirs) | Q(accepted_by__in=theirs) | Q(risk__owner__in=theirs)
    reach = Authority.objects.in_force(at).filter(person=user)
    everywhere = Q(Exists(reach.filter(solution=None)))
    return own | everywhere | Q(solution__in=reach.values("solution"))


class ExceptionQuerySet(models.QuerySet["RiskException"]):
    def visible_to(self, user: object) -> Self:
        seen = Visibility.of(user)
        if seen.everything:
            return self
        if not isinstance(user, User):
            return self.none()
        return self.filter(Q(solution__in=seen.solutions) | _concerns(user, clock.now()))

    def live(self, at: datetime) -> Self:
        """In force at a moment, whether or not anybody has looked since it expired."""
        not_ended = Q(ended_at=None) | Q(ended_at__gt=at)
        return self.filter(not_ended, began_at__lte=at, expires_at__gt=at)

    def open(self) -> Self:
        """Live, or on its way to it: neither ended nor refused nor withdrawn."""
        return self.filter(ended_at=None)


@pghistory.track()
class RiskException(PublicId, RowVersion):
    """That something fails and is borne for a while. It never changes a result: it reads "fail, accepted".

    Bound to listed resources (ExceptionResource), or to a rule: every failing resource of its checks in `accounts` and
    `regions` (empty: all of the solution's), at most `ceiling` of them. level: of the risk where one is named, else
    that of the worst severity of what fails, on the matrix at the time; who accepts needs authority for it. expires_at
    is the first moment at which it holds no longer. Three different people: the database refuses anything else.
    """

    public_prefix = "EX"

    class Kind(models.TextChoices):
        ACCEPTANCE = "acceptance", _("Acceptance")
        FALSE_POSITIVE = "false_positive", _("False positive")
        NOT_APPLICABLE = "not_applicable", _("Not applicable")
        COMPENSATING = "compensating", _("Compensating control")
        DISPENSATION = "dispensation", _("Dispensation")

    class State(models.TextChoices):
        ASKED = "asked", _("Asked for")
        ACCEPTED = "accepted", _("Accepted, awaits the second line")
        CHALLENGED = "challenged", _("Challenged")
        ESCALATED = "escalated", _("Escalated")
        LIVE = "live", _("In force")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")
        REOPENED = "reopened", _("Reopened")

    kind = models.CharField(_("kind"), max_length=14, choices=Kind.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED, editable=False)
    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, related_name="exceptions")
    risk = models.ForeignKey(Risk, on_delete=models.PROTECT, null=True, blank=True, related_name="exceptions")
    matrix = models.ForeignKey(Matrix, on_delete=models.PROTECT, related_name="+")
    level = models.PositiveSmallIntegerField()
    reason = models.TextField(_("reason"), max_length=4000)
    compensating = models.TextField(_("compensating controls"), max_length=4000, blank=True)
    granted_by = models.CharField(
        _("who has to grant it"), max_length=200, blank=True, help_text="Of a dispensation, as the framework names it."
    )
    by_rule = models.BooleanField(default=False)
    accounts = ArrayField(models.CharField(max_length=12), default=list, blank=True)
    regions = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    ceiling = models.PositiveIntegerField(null=True, blank=True)
    checks = models.ManyToManyField(Check, related_name="+")
    resources = models.ManyToManyField(Resource, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="exceptions_asked")
    asked_at = models.DateTimeField()
    accepted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="exceptions_accepted")
    accepted_at = models.DateTimeField(null=True)
    concurred_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="exceptions_concurred")
    began_at = models.DateTimeField(null=True, help_text="When it was concurred with.")
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.TextField(blank=True)

    objects = ExceptionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["expires_at"], name="exception_expires", condition=Q(ended_at=None)),
            models.Index(fields=["state"], name="exception_state", condition=Q(ended_at=None)),
        ]
        constraints = [
            models.CheckConstraint(
                name="exception_accepted_by_another", condition=Q(accepted_by=None) | ~Q(accepted_by=F("asked_by"))
            ),
            models.CheckConstraint(
                name="exception_concurred_by_a_third",
                condition=Q(concurred_by=None)
                | (Q(accepted_by__isnull=False) & ~Q(concurred_by=F("asked_by")) & ~Q(concurred_by=F("accepted_by"))),
            ),
            models.CheckConstraint(
                name="exception_accepted_by_and_at_together",
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__gte=F("asked_at"), accepted_by__isnull=False),
            ),
            models.CheckConstraint(
                name="exception_begins_when_concurred_with",
                condition=Q(began_at=None, concurred_by=None)
                | Q(began_at__gte=F("accepted_at"), began_at__lt=F("expires_at"), concurred_by__isnull=False),
            ),
            models.CheckConstraint(name="exception_expires_after_asked", condition=Q(expires_at__gt=F("asked_at"))),
            models.CheckConstraint(
                name="exception_ends_by_its_expiry",
                condition=Q(ended_at=None) | Q(began_at=None) | Q(ended_at__lte=F("expires_at")),
            ),
            models.CheckConstraint(
                name="exception_state_fits_its_dates",
                condition=Q(state__in=["asked", "accepted", "challenged", "escalated"], ended_at=None, began_at=None)
                | Q(state="live", began_at__isnull=False, ended_at=None)
                | (
                    Q(state__in=["refused", "withdrawn", "expired", "reopened"], ended_at__isnull=False)
                    & ~Q(ended_because="")
                ),
            ),
            models.CheckConstraint(
                name="exception_rule_has_a_ceiling",
                condition=Q(by_rule=True, ceiling__gte=1) | Q(by_rule=False, ceiling=None, accounts=[], regions=[]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.public_id}"


class ExceptionStep(models.Model):
    """One move of an exception, kept for ever: its state at any moment is that of the last one by then."""

    exception = models.ForeignKey(RiskException, on_delete=models.PROTECT, related_name="steps")
    state = models.CharField(max_length=10, choices=RiskException.State.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", help_text="None: the portal.")
    because = models.TextField(max_length=4000)

    objects = models.Manager["ExceptionStep"]()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["exception", "at"], name="exception_steps")]

    def __str__(self) -> str:
        return f"{self.exception_id}: {self.state} at {self.at}"

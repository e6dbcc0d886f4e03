from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Case, Exists, F, Func, OuterRef, Q, Subquery, When
from django.utils.translation import gettext_lazy as _

from findings.models.finding import Finding
from findings.models.vocabulary import Status


class AcceptanceQuerySet(models.QuerySet["Acceptance"]):
    def in_force(self, at: datetime) -> Self:
        """Begun by a moment and not ended, nor expired, whether or not anybody has noted that by then."""
        not_ended = Q(valid_to=None) | Q(valid_to__gt=at)
        return self.filter(not_ended, valid_from__lte=at, expires_at__gt=at)

    def open(self) -> Self:
        """Those whose end is not noted yet; one of them may have expired."""
        return self.filter(valid_to=None)

    def begun(self, at: datetime) -> Self:
        return self.filter(valid_from__lte=at)


class Acceptance(models.Model):
    """That a finding stood under an exception for a while. It changes neither the finding's status nor a score.

    exception: its public id ("X-12"); the exceptions themselves live on a floor above. expires_at: when the
    acceptance ends by itself, at the latest. Once written, only its end is added.
    """

    class Kind(models.TextChoices):
        ACCEPTANCE = "acceptance", _("Acceptance")
        FALSE_POSITIVE = "false_positive", _("False positive")
        NOT_APPLICABLE = "not_applicable", _("Not applicable")
        COMPENSATING = "compensating", _("Compensating control")
        DISPENSATION = "dispensation", _("Dispensation")

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="acceptances")
    exception = models.CharField(max_length=20)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    valid_from = models.DateTimeField()
    expires_at = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=500, blank=True)

    objects = AcceptanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finding", "exception"], name="acceptance_one_open", condition=Q(valid_to=None)
            ),
            models.CheckConstraint(
                name="acceptance_expires_after_it_begins", condition=Q(expires_at__gt=F("valid_from"))
            ),
            models.CheckConstraint(
                name="acceptance_ends_by_its_expiry",
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from"), valid_to__lte=F("expires_at")),
            ),
            models.CheckConstraint(
                name="acceptance_end_has_a_reason",
                condition=Q(valid_to=None, ended_because="") | Q(valid_to__isnull=False) & ~Q(ended_because=""),
            ),
        ]
        indexes = [models.Index(fields=["exception"], name="acceptance_of_exception")]

    def __str__(self) -> str:
        return f"F-{self.finding_id} under {self.exception}"

    @property
    def until(self) -> datetime:
        """When it ended, or ends at the latest."""
        return self.valid_to or self.expires_at

    def is_in_force(self, at: datetime) -> bool:
        return self.valid_from <= at < self.until


def accepted(at: datetime, **of: Any) -> Func:
    """Whether a span's finding stands under an acceptance in force at a moment, whatever its status is.

    of: of these acceptances only. The ledger is read first, and spans by its keys: it is small, and they are many.
    """
    keys = ArraySubquery(Acceptance.objects.in_force(at).filter(**of).order_by().values("finding"))
    asked = (F("finding_id"), keys)
    return Func(*asked, template="%(expressions)s)", arg_joiner=" = ANY (", output_field=models.BooleanField())


def not_accepted(at: datetime) -> Q:
    """The opposite, as it is asked best of many spans."""
    return ~Q(Exists(Acceptance.objects.in_force(at).filter(finding=OuterRef("finding_id"))))


def accepted_by(at: datetime) -> Case:
    """Of a span: the exception under which its finding fails at a moment; null where it fails under none."""
    standing = Acceptance.objects.in_force(at).filter(finding=OuterRef("finding_id"))
    last = standing.order_by("-expires_at", "-pk").values("exception")[:1]
    return Case(When(status=Status.FAIL, then=Subquery(last)), output_field=models.CharField(null=True))

"""Where an engineer stands with a group of findings: one check in one account of a solution."""

from __future__ import annotations

from typing import Self

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.models import RowVersion
from audit.public_id import PublicId
from findings.models import Check
from organisation.models import Solution, User, Visibility


class TriageQuerySet(models.QuerySet["Triage"]):
    def visible_to(self, user: object) -> Self:
        seen = Visibility.of(user)
        if seen.everything:
            return self
        if not isinstance(user, User):
            return self.none()
        return self.filter(solution__in=seen.solutions)


@pghistory.track()
class Triage(PublicId, RowVersion):
    """What people say of a finding group. Whether it is fixed, the next reading says."""

    public_prefix = "TR"

    class Status(models.TextChoices):
        TO_DO = "to_do", _("To do")
        DOING = "doing", _("Under way")
        WAITING = "waiting", _("Waiting for others")
        DONE = "done", _("Done, awaits the next reading")

    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, related_name="triages")
    check_ran = models.ForeignKey(Check, on_delete=models.PROTECT, related_name="+")
    account = models.CharField(max_length=12)
    status = models.CharField(_("status"), max_length=8, choices=Status.choices, default=Status.TO_DO)
    assigned_to = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="triages", verbose_name=_("who does it")
    )
    planned_on = models.DateField(_("planned for"), null=True, blank=True)
    link = models.URLField(_("ticket or pull request"), max_length=500, blank=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    objects = TriageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["solution", "check_ran", "account"], name="triage_once"),
        ]

    def __str__(self) -> str:
        return f"{self.check_ran_id} in {self.account}: {self.status}"

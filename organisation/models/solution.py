from __future__ import annotations

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.models import RowVersion
from audit.public_id import PublicId
from organisation.models.account import Account
from organisation.models.dated import Dated, DatedQuerySet


class SolutionQuerySet(models.QuerySet["Solution"]):
    def visible_to(self, user: object) -> SolutionQuerySet:
        from organisation.models.grant import Visibility

        seen = Visibility.of(user)
        return self if seen.everything else self.filter(pk__in=seen.solutions)


@pghistory.track()
class Solution(PublicId, RowVersion):
    """A system under assessment: accounts, or the tagged share of accounts, and people who answer for it."""

    public_prefix = "S"

    name = models.CharField(_("name"), max_length=120, unique=True)
    description = models.TextField(_("what it does"), blank=True, max_length=2000)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SolutionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class SolutionAccount(Dated):
    """The solution's resources are found in this account: all of them, or those that a tag rule names."""

    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, related_name="accounts")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="solutions")
    whole = models.BooleanField(
        _("all of it"), default=True, help_text=_("Every resource in the account belongs to the solution.")
    )

    objects = DatedQuerySet["SolutionAccount"].as_manager()

    class Meta(Dated.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.solution}: {self.account}"


@pghistory.track()
class TagRule(Dated):
    """A resource with this tag, in one of the solution's accounts, belongs to the solution.

    value: compared case-insensitively; "*" at its end stands for any ending.
    """

    solution = models.ForeignKey(Solution, on_delete=models.PROTECT, related_name="tag_rules")
    key = models.CharField(_("tag key"), max_length=128)
    value = models.CharField(_("tag value"), max_length=256)

    objects = DatedQuerySet["TagRule"].as_manager()

    class Meta(Dated.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.key}={self.value}"

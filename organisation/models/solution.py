from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

import pghistory
from django.db import models, transaction
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from audit import clock, trail
from audit.models import RowVersion
from audit.public_id import PublicId
from organisation.models.account import Account
from organisation.models.dated import Dated, DatedQuerySet

if TYPE_CHECKING:
    from organisation.models.person import User


class SolutionQuerySet(models.QuerySet["Solution"]):
    def visible_to(self, user: object) -> SolutionQuerySet:
        """An administrator sets every solution up, and still sees none of its findings."""
        from organisation.models.grant import Visibility
        from organisation.models.person import Role, User

        if isinstance(user, User) and user.is_active and Role.ADMINISTRATOR in user.roles_in_view:
            return self
        seen = Visibility.of(user)
        return self if seen.everything else self.filter(pk__in=seen.solutions)

    def added_by(self, at: datetime) -> Self:
        return self.filter(added_at__lte=at)

    def named(self, name: str) -> Self:
        return self.filter(name__iexact=name)

    def retired(self, at: datetime) -> Self:
        return self.filter(retired_at__lte=at)

    def in_use(self, at: datetime) -> Self:
        return self.exclude(retired_at__lte=at)

    def listed_as(self, state: str, at: datetime) -> Self:
        """state: retired, ownerless, else in use."""
        seen = self.added_by(at)
        if state == "retired":
            return seen.retired(at)
        in_use = seen.in_use(at)
        return in_use.without_owner(at) if state == "ownerless" else in_use

    def named_like(self, words: str) -> Self:
        return self.filter(name__icontains=words) if words else self

    def without_owner(self, at: datetime) -> Self:
        from organisation.models.grant import Grant

        return self.exclude(pk__in=Grant.objects.owners(at).values("solution_id"))

    def listed(self, at: datetime) -> Self:
        """With what was in force then: places_then, rules_then and grants_then."""
        from organisation.models.grant import Grant

        places = SolutionAccount.objects.in_force(at).select_related("account")
        rules = TagRule.objects.in_force(at).order_by("key", "value")
        grants = Grant.objects.in_force(at).select_related("person").order_by("-kind", "person__name", "id")
        return self.prefetch_related(
            Prefetch("accounts", places.order_by("account__name", "id"), to_attr="places_then"),
            Prefetch("tag_rules", rules, to_attr="rules_then"),
            Prefetch("grants", grants, to_attr="grants_then"),
        )


@pghistory.track()
class Solution(PublicId, RowVersion):
    """A system under assessment: accounts, or the tagged share of accounts, and people who answer for it."""

    public_prefix = "S"

    name = models.CharField(_("name"), max_length=120, unique=True)
    description = models.TextField(_("what it does"), blank=True, max_length=2000)
    added_at = models.DateTimeField(default=clock.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SolutionQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    @transaction.atomic
    def add(cls, *, name: str, description: str, by: User | str) -> Solution:
        solution = cls.objects.create(name=name, description=description)
        trail.record(by, "solution.added", solution, name=name)
        return solution

    @transaction.atomic
    def change(self, *, name: str, description: str, read: int, by: User | str) -> None:
        """Rename or describe it anew. read: the version the person saw. Raises StaleRow."""
        before = {"name": self.name, "description": self.description}
        self.name, self.description = name, description
        self.save_version(read=read)
        after = {"name": name, "description": description}
        changed = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
        trail.record(by, "solution.changed", self, changed=changed)


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

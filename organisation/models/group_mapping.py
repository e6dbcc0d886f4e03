from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Self

import pghistory
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit import clock, trail
from organisation.models.dated import Dated, DatedQuerySet
from organisation.models.grant import MANAGED, Grant
from organisation.models.person import Role, User
from organisation.models.solution import Solution

GIVEN_BY_GROUPS = (Role.FIRST, Role.SECOND, Role.THIRD, Role.ADMINISTRATOR)
"""Lines that a group may stand for. External assurance has an end and a period, which no group says."""


class GroupMappingQuerySet(DatedQuerySet["GroupMapping"]):
    def naming(self, groups: Iterable[str]) -> Self:
        return self.filter(group__in=groups)

    def lines(self) -> Self:
        return self.exclude(role="")

    def listed(self) -> Self:
        return self.select_related("solution").order_by("group", "id")

    def ended(self, at: datetime) -> Self:
        return self.filter(valid_to__lte=at)

    def solutions(self, at: datetime) -> Self:
        """Of solutions that are in use."""
        return self.filter(role="").exclude(solution__retired_at__lte=at)


@pghistory.track()
class GroupMapping(Dated):
    """What a group of the identity provider stands for here: a line, or a part in a solution."""

    group = models.CharField(_("group"), max_length=200)
    role = models.CharField(max_length=20, choices=Role.choices, blank=True)
    solution = models.ForeignKey(
        Solution, on_delete=models.PROTECT, null=True, blank=True, related_name="group_mappings"
    )
    kind = models.CharField(max_length=20, choices=Grant.Kind.choices, blank=True)
    added_by = models.CharField(max_length=200, help_text="Public id of who added it.")
    reason = models.CharField(max_length=500)

    objects = GroupMappingQuerySet.as_manager()

    class Meta(Dated.Meta):
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                name="group_stands_for_a_line_or_a_solution",
                condition=Q(role__in=[role.value for role in GIVEN_BY_GROUPS], solution=None, kind="")
                | Q(role="", solution__isnull=False, kind__in=MANAGED),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.stands_for}"

    @property
    def stands_for(self) -> str:
        return str(self.get_role_display() if self.role else f"{self.get_kind_display()} of {self.solution}")

    @classmethod
    @transaction.atomic
    def add(
        cls, *, group: str, role: str = "", solution: Solution | None = None, kind: str = "", reason: str, by: User
    ) -> GroupMapping:
        """From each person's next log-in on."""
        mapping = cls.objects.create(
            group=group,
            role=role,
            solution=solution,
            kind=kind,
            reason=reason,
            added_by=by.public_id,
            valid_from=clock.now(),
        )
        trail.record(by, "group_mapping.added", mapping, reason=reason, **mapping._told())
        return mapping

    @transaction.atomic
    def end(self, *, reason: str, by: User) -> None:
        self.close(clock.now())
        trail.record(by, "group_mapping.ended", self, reason=reason, **self._told())

    def _told(self) -> dict[str, str]:
        if self.solution:
            return {"group": self.group, "solution": self.solution.public_id, "kind": self.kind}
        return {"group": self.group, "role": self.role}

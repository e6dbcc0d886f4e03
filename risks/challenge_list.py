"""The list of challenges: which of them an address asks for, at its moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from audit.moment import Moment
from controls.listing import Asked, Words
from organisation.models import User
from risks.awaiting_decisions import challenges_awaiting
from risks.models import Challenge

RELATED = (
    "risk__owner", "risk__solution", "assessment__matrix", "treatment__owner", "exception__asked_by", "raised_by",
    "answered_by", "settled_by",
)  # fmt: skip


def settled(at: datetime) -> Q:
    return Q(settled_at__isnull=False, settled_at__lte=at)


@dataclass(frozen=True)
class Challenges:
    """every: what the reader sees; rows: those that the address asks for. mine: keys of those that await the reader."""

    rows: QuerySet[Challenge]
    every: QuerySet[Challenge]
    mine: list[int]
    asked: Asked
    choices: dict[str, tuple[Words, dict[str, Words]]]
    at: datetime

    @classmethod
    def of(cls, query: QueryDict, user: User, moment: Moment) -> Self:
        """Raises BadRequest."""
        at = moment.at
        mine = [one.pk for one in challenges_awaiting(user)] if moment.is_now else []
        choices: dict[str, tuple[Words, dict[str, Words]]] = {
            "state": (_("State"), {"open": _("open"), "settled": _("settled")}),
            "about": (_("About"), dict(Challenge.About.choices)),
            "mine": (_("Whose move"), {"decide": _("awaits you")}),
        }
        asks: dict[str, dict[str, Q]] = {
            "state": {"open": ~settled(at), "settled": settled(at)},
            "about": {one.value: Q(about=one.value) for one in Challenge.About},
            "mine": {"decide": Q(pk__in=mine)},
        }
        asked = Asked.of(query, choices)
        every = Challenge.objects.visible_to(user).raised(at).select_related(*RELATED)
        rows = every
        for name, value in asked.values.items():
            rows = rows.filter(asks[name][value] if name in asks else Q(because__icontains=value))
        return cls(rows, every, mine, asked, choices, at)

    @property
    def unsettled(self) -> int:
        return self.every.filter(~settled(self.at)).count()

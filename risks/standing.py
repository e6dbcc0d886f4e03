"""Where risks stand: kept up in Risk.KEPT_UP for now, worked out for any other moment.

Whatever a standing follows from calls `refresh`: an assessment that is confirmed, an appetite that is recorded or
ends, a matrix that is adopted, a risk whose solution or category changes. What only the date changes, `follow_dates`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from audit import clock
from risks import breaches
from risks.models import Risk
from risks.models.risk import KEPT_UP
from risks.rules import Rules, Stands, stated_at

OF_A_RISK = ("pk", "solution_id", "category_id", *KEPT_UP)
Differing = list[tuple[int, str, Stands]]
"""Key of a risk, the standing that is kept, and how it stands."""


def levels_then(risks: Iterable[Risk], at: datetime, rules: Rules | None = None) -> dict[int, Stands]:
    """How these stood at a moment, by their keys, on the matrix then in force. Three queries, or one.

    risks: as they were then (solution and category). rules: of that moment, where they are known already.
    """
    rows = list(risks)
    known = rules or Rules.at(at)
    stated = stated_at(at, [one.pk for one in rows])
    return {one.pk: known.stands(one.solution_id, one.category_id, stated.get(one.pk, {})) for one in rows}


@transaction.atomic
def refresh(risks: Iterable[int] | None = None) -> int:
    """Bring what is kept of these risks (keys; every one unless told) up to now: how many changed.

    Four queries, or five. Call it in the transaction of the act. Whoever answers for a risk that stands worse now is
    told, once.
    """
    at = clock.now()
    rows = Risk.objects.all() if risks is None else Risk.objects.filter(pk__in=list(risks))
    locked = rows.order_by("pk").select_for_update(no_key=True)
    differing = _differing(list(locked.values_list(*OF_A_RISK)), at)
    if differing:
        _write(differing)
        breaches.tell([(key, before, after.standing) for key, before, after in differing])
    return len(differing)


def follow_dates() -> int:
    """Beat's: bring up to now what a date has changed, e.g. an appetite's last day. Locks only what differs."""
    differing = _differing(list(Risk.objects.values_list(*OF_A_RISK)), clock.now())
    return refresh([key for key, _before, _after in differing]) if differing else 0


def _differing(rows: list[tuple[Any, ...]], at: datetime) -> Differing:
    rules = Rules.at(at)
    stated = stated_at(at, None if len(rows) > 1000 else [row[0] for row in rows])
    found: Differing = []
    for key, solution, category, *kept in rows:
        stands = rules.stands(solution, category, stated.get(key, {}))
        if stands != tuple(kept):
            found.append((key, kept[-1], stands))
    return found


def _write(differing: Differing) -> None:
    keys = [key for key, _before, _after in differing]
    columns = [list(column) for column in zip(*(after for _key, _before, after in differing), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE risks_risk r SET inherent = n.inherent, current = n.current, target = n.target,
                likelihood = n.likelihood, impact = n.impact, standing = n.standing
            FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[], %s::int[], %s::text[])
                AS n (id, inherent, current, target, likelihood, impact, standing)
            WHERE r.id = n.id
            """,
            [keys, *columns],
        )


@dataclass(frozen=True)
class Effect:
    """What an act would change among the open risks. levels: on the matrix before, and on the one after."""

    standings_before: Counter[str] = field(default_factory=Counter)
    standings_after: Counter[str] = field(default_factory=Counter)
    levels_before: Counter[int | None] = field(default_factory=Counter)
    levels_after: Counter[int | None] = field(default_factory=Counter)

    def more(self, standing: str) -> int:
        """How many more stand so; negative: fewer."""
        return self.standings_after[standing] - self.standings_before[standing]


def effect(before: Rules, after: Rules) -> Effect:
    """How every open risk stands by these rules and by those. Two queries."""
    found = Effect()
    stated = stated_at(clock.now())
    for key, solution, category in Risk.objects.open().values_list("pk", "solution_id", "category_id"):
        was, will = (rules.stands(solution, category, stated.get(key, {})) for rules in (before, after))
        found.standings_before[was.standing] += 1
        found.standings_after[will.standing] += 1
        found.levels_before[was.current] += 1
        found.levels_after[will.current] += 1
    return found

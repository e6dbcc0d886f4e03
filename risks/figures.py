"""How many open risks there are of what, and how they stand."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Count, Q

from audit.moment import Moment
from risks.models import Appetite, Risk
from risks.past import as_they_were
from risks.rules import Rules
from risks.standing import levels_then

Standing = Risk.Standing
Key = tuple[int, int, str]
"""Solution, category, standing."""


def standings(user: object, where: Q | None = None) -> Counter[str]:
    """How many open risks that the reader may see stand how, now. One query."""
    risks: Any = Risk.objects.visible_to(user).open().filter(where or Q())
    return Counter(dict(risks.order_by().values_list("standing").annotate(n=Count("pk"))))


def open_by(user: object, name: str) -> dict[int, int]:
    """By the key of what `name` refers to: how many open risks that the reader may see, now. One query."""
    risks = Risk.objects.visible_to(user).open()
    return dict(risks.order_by().values_list(name).annotate(n=Count("pk")))


def by_scope(user: object, moment: Moment) -> Counter[Key]:
    """How many open risks stand how, by solution and category, at any moment. One query for now."""
    risks = Risk.objects.visible_to(user)
    if moment.is_now:
        rows = risks.open().order_by().values_list("solution_id", "category_id", "standing")
        return Counter({(*key, standing): n for *key, standing, n in rows.annotate(n=Count("pk"))})
    every = risks.added_by(moment.at).defer("cause", "event", "consequence")
    then = [one for one in as_they_were(every, moment.at) if not one.is_closed(moment.at)]
    stands = levels_then(then, moment.at)
    return Counter((one.solution_id, one.category_id, stands[one.pk].standing) for one in then)


def within(row: Appetite, counts: Counter[Key], rules: Rules) -> tuple[Counter[str], int]:
    """How those of an appetite's solution and category stand, and for how many of them it is the one that counts."""
    found: Counter[str] = Counter()
    decides = 0
    for (solution, category, standing), n in counts.items():
        if row.solution_id in (None, solution) and row.category_id in (None, category):
            found[standing] += n
            bounds = rules.bounds_of(solution, category)
            decides += n if bounds and bounds.key == row.pk else 0
    return found, decides

"""Risks as they stood at a moment: what was written of them, and the levels that they had."""

from __future__ import annotations

from collections.abc import Iterable

from audit.moment import Moment
from risks.models import Risk
from risks.models.risk import KEPT_UP
from risks.past import as_they_were
from risks.rules import Rules, stated_at


def as_they_stood(risks: Iterable[Risk], moment: Moment, rules: Rules, keys: Iterable[int] | None = None) -> list[Risk]:
    """The same rows, their kept-up fields too; nothing is saved. keys: of these risks, where they are few."""
    rows = as_they_were(risks, moment.at)
    stated = stated_at(moment.at, keys)
    for one in rows:
        stands = rules.stands(one.solution_id, one.category_id, stated.get(one.pk, {}))
        for name, value in zip(KEPT_UP, stands, strict=True):
            setattr(one, name, value)
    return rows

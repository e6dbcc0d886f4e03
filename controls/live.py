"""What the checks that a mapping names say, for a reader at a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from audit.moment import Moment
from controls.models import CheckReference
from findings.models import Check, Source
from findings.tallies import Tally, tallies


@dataclass(frozen=True)
class Observed:
    """A check that was observed here, and what it says; `tally` is empty where it says nothing to this reader."""

    check: Check
    tally: Tally

    @property
    def is_observed(self) -> bool:
        return bool(self.tally.assessed or self.tally.suppressed or self.tally.not_applicable)


Named = tuple[str, str]
"""Source and key of a check, as mappings and packs name it."""


def observed(named: Iterable[Named], user: object, moment: Moment) -> dict[Named, list[Observed]]:
    """What each name stands for here. Three queries.

    A Config rule is asked by itself, and by the Security Hub control that rests on it: where Security Hub
    deploys the rule, its results are counted there. A Security Hub control is asked by itself, and by the
    Config rule that it rests on.
    """
    wanted = set(named)
    rules = {key for source, key in wanted if source == Source.CONFIG}
    controls = {key for source, key in wanted if source == Source.SECURITY_HUB}
    rests_on = dict(CheckReference.objects.resting_on_a_rule(controls).values_list("key", "config_rule"))
    by_control = Q(source=Source.SECURITY_HUB, key__in=controls)
    by_its_rule = Q(source=Source.CONFIG, config_rule__in=set(rests_on.values()))
    asks = Q(config_rule__in=rules) | by_control | by_its_rule
    checks = list(Check.objects.filter(asks, kind=Check.Kind.COMPLIANCE).order_by("key"))
    where = Q(check_ran__in=[check.pk for check in checks])
    counted = tallies(user, moment, "check_ran", where=where) if checks else {}
    said = [Observed(check, counted.get((check.pk,), Tally())) for check in checks]
    return {name: [row for row in said if _stands_for(name, row.check, rests_on)] for name in wanted}


def _stands_for(name: Named, check: Check, rests_on: dict[str, str]) -> bool:
    source, key = name
    if source == Source.CONFIG:
        return check.config_rule == key
    if check.source == Source.CONFIG:
        return bool(check.config_rule) and check.config_rule == rests_on.get(key)
    return check.key == key

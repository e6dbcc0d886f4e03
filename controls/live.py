"""What the checks that a mapping names say, for a reader at a moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

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
    """What each name stands for here. Three queries."""
    keys = checks_named(named)
    wanted = {key for found in keys.values() for key in found}
    checks = Check.objects.in_bulk(wanted) if wanted else {}
    counted = tallies(user, moment, "check_ran", where=Q(check_ran__in=wanted)) if wanted else {}
    said = {key: Observed(check, counted.get((key,), Tally())) for key, check in checks.items()}
    return {name: [said[key] for key in found] for name, found in keys.items()}


def checks_named(named: Iterable[Named]) -> dict[Named, tuple[int, ...]]:
    """The keys of the checks that each name stands for here, in the order of their own names. Two queries.

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
    checks = Check.objects.filter(Q(config_rule__in=rules) | by_control | by_its_rule, kind=Check.Kind.COMPLIANCE)
    by_key: dict[str, list[int]] = defaultdict(list)
    by_rule: dict[str, list[int]] = defaultdict(list)
    rules_alone: dict[str, list[int]] = defaultdict(list)
    told: Any = checks.order_by("key").values_list("pk", "source", "key", "config_rule")
    place: dict[int, int] = {}
    for pk, source, key, rule in told:
        place[pk] = len(place)
        by_rule[rule].append(pk)
        (rules_alone[rule] if source == Source.CONFIG else by_key[key]).append(pk)

    def stands_for(source: str, key: str) -> list[int]:
        if source == Source.CONFIG:
            return by_rule.get(key, [])
        rule = rests_on.get(key)
        return by_key.get(key, []) + (rules_alone.get(rule, []) if rule else [])

    return {name: tuple(sorted(stands_for(*name), key=place.__getitem__)) for name in wanted}

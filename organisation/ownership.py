"""Who owns a resource: the dated rules of every solution, and what follows when they change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Self

from django.db import transaction

from audit import clock, trail
from organisation.models import Account, Solution, SolutionAccount, TagRule, User


@dataclass(frozen=True)
class Rules:
    """The ownership rules in force at a moment.

    whole, shared: account id → keys of the solutions that own all of it, or its tagged share.
    tags: solution key → (tag key, tag value) in lower case; a "*" at the end stands for any ending.
    """

    whole: Mapping[str, frozenset[int]] = field(default_factory=dict)
    shared: Mapping[str, frozenset[int]] = field(default_factory=dict)
    tags: Mapping[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    @classmethod
    def in_force(cls, at: datetime) -> Self:
        whole: dict[str, set[int]] = defaultdict(set)
        shared: dict[str, set[int]] = defaultdict(set)
        tags: dict[int, list[tuple[str, str]]] = defaultdict(list)
        places = SolutionAccount.objects.in_force(at)
        for account, solution, is_whole in places.values_list("account__account_id", "solution_id", "whole"):
            (whole if is_whole else shared)[account].add(solution)
        rules = TagRule.objects.in_force(at)
        for solution, key, value in rules.values_list("solution_id", "key", "value"):
            tags[solution].append((key.lower(), value.lower()))
        return cls(
            whole={account: frozenset(keys) for account, keys in whole.items()},
            shared={account: frozenset(keys) for account, keys in shared.items()},
            tags={solution: tuple(pairs) for solution, pairs in tags.items()},
        )

    def owners_of(self, account: str, tags: Mapping[str, str]) -> list[int]:
        """Keys of the solutions that own a resource in `account` with `tags`, ascending."""
        owners = set(self.whole.get(account, ()))
        shared = self.shared.get(account)
        if shared and tags:
            lowered = {key.lower(): str(value).lower() for key, value in tags.items()}
            owners |= {solution for solution in shared if self._matches(solution, lowered)}
        return sorted(owners)

    def _matches(self, solution: int, tags: Mapping[str, str]) -> bool:
        for key, wanted in self.tags.get(solution, ()):
            value = tags.get(key)
            if value is None:
                continue
            if value == wanted or (wanted.endswith("*") and value.startswith(wanted[:-1])):
                return True
        return False


_callbacks: list[Callable[[int], None]] = []


def on_ownership_change(callback: Callable[[int], None]) -> None:
    """Call `callback` with a solution's key once a change of its rules is committed."""
    if callback not in _callbacks:
        _callbacks.append(callback)


def ownership_changed(solution: int) -> None:
    for callback in _callbacks:
        transaction.on_commit(partial(callback, solution))


@transaction.atomic
def add_account(
    solution: Solution,
    account: Account,
    *,
    whole: bool,
    by: User | str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> SolutionAccount:
    """The solution lives in this account. since: now, or a day to come."""
    place = SolutionAccount.objects.create(
        solution=solution, account=account, whole=whole, valid_from=since or clock.now(), valid_to=until
    )
    told = {"account": account.account_id, "whole": whole, **_dates(since, until)}
    trail.record(by, "solution.account_added", solution, **told)
    ownership_changed(solution.pk)
    return place


@transaction.atomic
def add_tag_rule(
    solution: Solution,
    *,
    key: str,
    value: str,
    by: User | str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> TagRule:
    """What carries this tag in the solution's shared accounts is the solution's."""
    rule = TagRule.objects.create(
        solution=solution, key=key, value=value, valid_from=since or clock.now(), valid_to=until
    )
    trail.record(by, "solution.tag_rule_added", solution, key=key, value=value, **_dates(since, until))
    ownership_changed(solution.pk)
    return rule


@transaction.atomic
def end(rule: SolutionAccount | TagRule, *, reason: str, by: User | str) -> None:
    """The account or tag rule holds no longer; what it gave the solution belongs to it until now."""
    rule.close(clock.now())
    if isinstance(rule, SolutionAccount):
        trail.record(by, "solution.account_ended", rule.solution, account=rule.account.account_id, reason=reason)
    else:
        trail.record(by, "solution.tag_rule_ended", rule.solution, key=rule.key, value=rule.value, reason=reason)
    ownership_changed(rule.solution_id)


@transaction.atomic
def retire(solution: Solution, *, reason: str, by: User | str) -> None:
    """The solution is no longer in use: its accounts, tag rules and grants end, its history stays."""
    at = clock.now()
    for place in solution.accounts.not_ended(at).select_related("account", "solution"):
        end(place, reason=reason, by=by)
    for rule in solution.tag_rules.not_ended(at).select_related("solution"):
        end(rule, reason=reason, by=by)
    for grant in solution.grants.not_ended(at).select_related("person", "solution"):
        grant.end(reason=reason, by=by)
    solution.retired_at = at
    solution.save_version(read=solution.version)
    trail.record(by, "solution.retired", solution, reason=reason)
    ownership_changed(solution.pk)


def follow_dates(at: datetime, *, back: timedelta = timedelta(hours=1)) -> set[int]:
    """Tell of every solution with a rule that began or ended by its date of late. Safe to repeat."""
    turned = {
        *SolutionAccount.objects.turned(at - back, at).values_list("solution_id", flat=True),
        *TagRule.objects.turned(at - back, at).values_list("solution_id", flat=True),
    }
    for solution in turned:
        ownership_changed(solution)
    return turned


def _dates(since: datetime | None, until: datetime | None) -> dict[str, str]:
    """Days to come, where some were given: the entry itself says when it was written."""
    days = {"from": since, "until": until}
    return {name: at.isoformat(timespec="minutes") for name, at in days.items() if at}

"""Who owns a resource: the dated rules of every solution, and what follows when they change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from django.db import transaction

from organisation.models import SolutionAccount, TagRule


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
        places = SolutionAccount.objects.in_force(at).filter(solution__retired_at=None)
        for account, solution, is_whole in places.values_list("account__account_id", "solution_id", "whole"):
            (whole if is_whole else shared)[account].add(solution)
        rules = TagRule.objects.in_force(at).filter(solution__retired_at=None)
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
        transaction.on_commit(lambda callback=callback: callback(solution))  # type: ignore[misc]

"""How large a sample has to be, and which items it takes. Anybody can draw it again: chance is SHA-256 of the seed.

Sizes are of attribute sampling: the smallest with which a population that deviates at the tolerable rate would show
more deviations than are allowed for, with the confidence asked for (hypergeometric, so exact for small populations).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, exp, lgamma

Item = tuple[str, str]
"""Key and stratum of an item of the population."""


@dataclass(frozen=True)
class Size:
    """allowed: deviations among the items drawn with which the sample still shows what it is drawn for."""

    items: int
    allowed: int


def size_for(population: int, *, confidence: float, tolerable: float, expected: float) -> Size:
    """Rates are shares of 1; expected lies below tolerable. Every item where nothing less would do."""
    deviating = max(1, ceil(population * tolerable))
    allowed, size = 0, 1
    while True:
        size = _smallest(population, deviating, allowed, 1 - confidence, at_least=size)
        if size >= population:
            return Size(population, int(tolerable * population))
        if ceil(expected * size) <= allowed:
            return Size(size, allowed)
        allowed += 1


def _smallest(population: int, deviating: int, allowed: int, risk: float, *, at_least: int) -> int:
    """The smallest sample that shows so few deviations with no more than this risk; the population where none does."""
    low, high = max(at_least, allowed + 1), population
    while low < high:
        middle = (low + high) // 2
        if _at_most(allowed, population, deviating, middle) <= risk:
            high = middle
        else:
            low = middle + 1
    return low


def _at_most(k: int, population: int, deviating: int, drawn: int) -> float:
    """The probability of at most k deviations among those drawn."""
    first = max(0, drawn - (population - deviating))
    last = min(k, drawn, deviating)
    every = _log_choose(population, drawn)
    return sum(
        exp(_log_choose(deviating, x) + _log_choose(population - deviating, drawn - x) - every)
        for x in range(first, last + 1)
    )


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def at_random(keys: Sequence[str], n: int, seed: str) -> list[int]:
    """Places of the n items whose SHA-256 of seed, colon and key comes first, in the population's order."""
    ranked = sorted(range(len(keys)), key=lambda place: (_digest(seed, keys[place]), place))
    return sorted(ranked[:n])


def systematic(population: int, n: int, seed: str) -> list[int]:
    """Every (population / n)th item, from a start that the seed gives."""
    start = int(_digest(seed, "start"), 16) % population
    return sorted((start + place * population) // n % population for place in range(n))


def stratified(items: Sequence[Item], n: int, seed: str) -> list[int]:
    """By chance within each stratum, as many as its share, and one at least: so it may take more than n."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, (_key, stratum) in enumerate(items):
        places[stratum].append(place)
    taken: list[int] = []
    for stratum, share in _shares({name: len(some) for name, some in places.items()}, n).items():
        keys = [items[place][0] for place in places[stratum]]
        taken += [places[stratum][one] for one in at_random(keys, share, f"{seed}:{stratum}")]
    return sorted(taken)


def _shares(sizes: dict[str, int], n: int) -> dict[str, int]:
    """n over the strata by size, largest remainders first; one at least, never more than there are."""
    every = sum(sizes.values())
    exact = {name: Fraction(n * size, every) for name, size in sizes.items()}
    shares = {name: int(one) for name, one in exact.items()}
    left = n - sum(shares.values())
    for name in sorted(sizes, key=lambda name: (shares[name] - exact[name], name))[:left]:
        shares[name] += 1
    return {name: min(max(1, share), sizes[name]) for name, share in sorted(shares.items())}


def _digest(seed: str, key: str) -> str:
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()

"""How large a sample is, and which items it takes: by tables that auditors use, and by draws that anybody repeats."""

from __future__ import annotations

import hashlib
from collections import Counter
from itertools import pairwise

import pytest

from assurance.sampling import at_random, size_for, stratified, systematic

KEYS = [f"item-{n}" for n in range(100)]


@pytest.mark.parametrize(
    ("confidence", "tolerable", "items"),
    [(0.95, 0.05, 59), (0.95, 0.10, 29), (0.90, 0.10, 22), (0.90, 0.05, 45), (0.95, 0.02, 149), (0.90, 0.20, 11)],
)
def test_sizes_are_those_of_the_published_tables_for_large_populations(
    confidence: float, tolerable: float, items: int
) -> None:
    """AICPA, Audit Sampling, table A-1 and A-2: no deviation expected."""
    found = size_for(1_000_000, confidence=confidence, tolerable=tolerable, expected=0)
    assert (found.items, found.allowed) == (items, 0)


def test_a_sample_that_expects_deviations_is_larger_and_bears_them() -> None:
    none = size_for(1_000_000, confidence=0.95, tolerable=0.05, expected=0)
    some = size_for(1_000_000, confidence=0.95, tolerable=0.05, expected=0.01)
    assert (some.items, some.allowed) == (93, 1)
    assert some.items > none.items


def test_of_a_small_population_fewer_are_enough_and_never_more_than_there_are() -> None:
    assert size_for(50, confidence=0.95, tolerable=0.10, expected=0).items == 22
    for n in range(1, 40):
        assert 1 <= size_for(n, confidence=0.99, tolerable=0.01, expected=0).items <= n


def test_chance_is_the_hash_of_the_seed_and_the_key() -> None:
    taken = at_random(KEYS, 10, "7")
    ranked = sorted(KEYS, key=lambda key: hashlib.sha256(f"7:{key}".encode()).hexdigest())
    assert {KEYS[place] for place in taken} == set(ranked[:10])
    assert taken == sorted(taken)
    assert at_random(KEYS, 10, "7") == taken
    assert at_random(KEYS, 10, "8") != taken


def test_chance_prefers_no_item() -> None:
    counted = Counter(place for seed in range(2_000) for place in at_random(KEYS, 10, str(seed)))
    assert len(counted) == 100
    assert 130 < min(counted.values()) <= max(counted.values()) < 275  # 200 each, by six standard deviations


def test_a_systematic_sample_keeps_its_step_from_any_start() -> None:
    starts = set()
    for seed in range(50):
        taken = systematic(100, 10, str(seed))
        assert len(set(taken)) == 10
        assert {after - before for before, after in pairwise(taken)} == {10}
        starts.add(taken[0])
    assert len(starts) > 5
    assert len(set(systematic(7, 5, "x"))) == 5


def test_a_stratified_sample_takes_its_share_of_each_stratum_and_one_at_least() -> None:
    items = [(f"a-{n}", "A") for n in range(80)] + [(f"b-{n}", "B") for n in range(19)] + [("c-0", "C")]
    taken = Counter(items[place][1] for place in stratified(items, 10, "7"))
    assert taken == {"A": 8, "B": 2, "C": 1}
    assert stratified(items, 100, "7") == list(range(100))

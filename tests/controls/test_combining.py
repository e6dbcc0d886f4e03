"""What parts say together, case by case. The rules: docs/method.md#standing."""

from __future__ import annotations

import pytest

from controls.results import Counts
from controls.standing import Kind, Monitoring, Part, combine, said_by

RELATIONS = {"=": "equal", ">": "superset", "<": "subset", "~": "intersects"}
WORDS = {
    "passing": Monitoring.PASSING,
    "failing": Monitoring.FAILING,
    "partly": Monitoring.PARTLY_FAILING,
    "shown": Monitoring.PARTLY_SHOWN,
    "silent": Monitoring.NOT_OBSERVED,
    "na": Monitoring.NOT_APPLICABLE,
    "nothing": Monitoring.NOT_MAPPED,
}


def part(told: str, kind: Kind = Kind.CHECK) -> Part:
    return Part(kind, 1, RELATIONS[told[0]], WORDS[told[1:]])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ("", "nothing"),
        ("=passing", "passing"),
        (">passing", "passing"),
        ("<passing", "shown"),
        ("~passing", "shown"),
        ("<passing ~passing <passing", "shown"),
        ("=passing <passing", "passing"),
        ("=passing ~silent", "shown"),
        ("=passing ~shown", "shown"),
        ("=passing =nothing", "shown"),
        ("=passing =na", "passing"),
        ("<passing =na", "shown"),
        ("=shown", "shown"),
        ("=failing", "failing"),
        ("~failing", "failing"),
        ("=failing ~silent", "failing"),
        ("=failing =na", "failing"),
        ("=failing ~passing", "partly"),
        ("=failing <shown", "partly"),
        ("=partly", "partly"),
        ("=partly =failing", "partly"),
        ("=passing ~partly", "partly"),
        ("=silent", "silent"),
        ("=na", "silent"),
        ("=nothing", "silent"),
        ("=na =silent", "silent"),
    ],
)
def test_parts_together(parts: str, expected: str) -> None:
    assert combine(part(one) for one in parts.split()) is WORDS[expected]


@pytest.mark.parametrize(
    ("crosswalks", "expected"),
    [
        ("=passing", "passing"),
        ("<passing", "shown"),
        ("=failing", "failing"),
        ("~failing", "nothing"),
        ("~passing", "nothing"),
        ("=nothing", "nothing"),
        ("=passing ~failing", "passing"),
    ],
)
def test_a_crosswalk_by_intersects_carries_nothing(crosswalks: str, expected: str) -> None:
    assert combine(part(one, Kind.REQUIREMENT) for one in crosswalks.split()) is WORDS[expected]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (Counts(), "silent"),
        (Counts(passed=3), "passing"),
        (Counts(passed=3, not_applicable=1), "passing"),
        (Counts(passed=3, unknown=1), "shown"),
        (Counts(unknown=1), "silent"),
        (Counts(unknown=1, not_applicable=1), "silent"),
        (Counts(not_applicable=1), "na"),
        (Counts(failed=1), "failing"),
        (Counts(failed=1, suppressed=1), "failing"),
        (Counts(failed=1, unknown=1), "failing"),
        (Counts(failed=1, passed=1), "partly"),
    ],
)
def test_the_findings_of_one_check(counts: Counts, expected: str) -> None:
    assert said_by(counts) is WORDS[expected]

"""What changed between two moments, for programs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit import clock
from findings.models import Status
from tests.conftest import LoggedIn
from tests.factories import SolutionFactory
from tests.factories.findings import FindingFactory

pytestmark = pytest.mark.django_db
API = "/api/v1/changes/"


def test_what_began_to_fail_is_listed_and_counted(second_line: LoggedIn, first_line: LoggedIn) -> None:
    solution = SolutionFactory()
    fails = FindingFactory(since=clock.now() - timedelta(hours=2), solutions=[solution])
    FindingFactory()
    FindingFactory(status=Status.PASS, since=clock.now() - timedelta(hours=2))
    assert [row["id"] for row in second_line.get(API).json()["results"]] == [fails.public_id]
    assert second_line.get(API, {"way": "better"}).json()["results"] == []
    counts = second_line.get(f"{API}count/", {"since": "week", "solution": solution.public_id}).json()
    assert {name: counts[name] for name in ("worse", "better", "gone")} == {"worse": 1, "better": 0, "gone": 0}
    assert first_line.get(API).json()["results"] == []
    assert [second_line.get(API, asked).status_code for asked in ({"way": "up"}, {"since": "noon"})] == [400, 400]

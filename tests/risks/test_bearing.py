"""While an exception is in force the ledger of findings is what fails within its bounds, and afterwards it is empty."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from audit import clock
from findings.models import Status
from risks import bearing, excepting, expiring
from tests.risks.exceptions import Story, a_story, passes, turns

pytestmark = pytest.mark.django_db
ledger: Any = pytest.importorskip("findings.acceptances")


@pytest.fixture
def story() -> Story:
    return a_story()


def keys(story: Story) -> set[int]:
    return {one.pk for one in story.findings}


def test_nothing_is_accepted_before_somebody_concurs(story: Story) -> None:
    exception = excepting.accept(story.asked(), by=story.ben)
    assert bearing.covered(exception) == set()
    excepting.concur(exception, by=story.cleo)
    assert bearing.covered(exception) == keys(story)


def test_the_ledger_follows_what_fails_within_the_rule(story: Story) -> None:
    exception = story.live()
    first, _second = story.findings
    passes(first, clock.now())
    (third,) = story.fails(1)
    expiring.follow(clock.now())
    assert bearing.covered(exception) == keys(story) - {first.pk}
    turns(first, Status.FAIL, clock.now() + timedelta(seconds=1))
    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        expiring.follow(clock.now())
    assert bearing.covered(exception) == keys(story)
    assert third.pk in keys(story)


@pytest.mark.parametrize("how", ["expired", "ended", "reopened"])
def test_nothing_is_accepted_any_more_afterwards(story: Story, how: str) -> None:
    exception = story.live(ceiling=2)
    if how == "ended":
        excepting.end_early(exception, by=story.ana, because="Fixed")
    if how == "reopened":
        story.fails(1)
    late = exception.expires_at if how == "expired" else clock.now() + timedelta(minutes=1)
    with time_machine.travel(late):
        expiring.follow(clock.now())
        assert bearing.covered(exception) == set()
        rows = ledger.Acceptance.objects.filter(exception=exception.public_id)
        assert rows.count() == 2
        assert all(row.valid_to is not None and row.valid_to <= exception.expires_at for row in rows)

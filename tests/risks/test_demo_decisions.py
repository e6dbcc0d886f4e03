"""The demo's decisions are made by the ordinary verbs, once."""

import pytest

from audit import clock
from risks.demo_decisions import seed_decisions
from risks.models import RiskException, Treatment
from tests.factories.risks import RiskFactory
from tests.risks.exceptions import a_story

pytestmark = pytest.mark.django_db


def test_a_handful_of_each_in_different_states() -> None:
    assert seed_decisions(clock.now()) == 0
    story = a_story()
    RiskFactory.create_batch(3, solution=story.solution, owner=story.ana)
    assert seed_decisions(clock.now()) > 0
    assert seed_decisions(clock.now()) == 0
    assert [one.state for one in RiskException.objects.all()] == ["live"]
    assert Treatment.objects.count() == 3
    assert Treatment.objects.exclude(closure_proposed_at=None).count() == 1

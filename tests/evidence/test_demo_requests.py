"""The demo's requests and attestations are made by the ordinary verbs, once."""

from collections import Counter

import pytest

from evidence.demo_requests import REQUESTS, seed
from evidence.models import Attestation, EvidenceRequest
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory

pytestmark = pytest.mark.django_db


def test_a_handful_of_each_in_different_states() -> None:
    assert seed() == 0
    payments = SolutionFactory()
    ana = UserFactory(email="jonas@example.org", first_line=True, owns=[payments])
    UserFactory(second_line=True)
    UserFactory(third_line=True)
    ControlFactory.create_batch(3, manual=True, frequency="quarterly", solution=payments, owner=ana)
    assert seed() > len(REQUESTS)
    assert seed() == 0
    states = Counter(EvidenceRequest.objects.values_list("state", flat=True))
    assert states == {"asked": 4, "answered": 1, "returned": 1, "accepted": 1}
    assert Attestation.objects.filter(attested_at=None).count() == 1
    assert Attestation.objects.filter(holds=True).count() == 2

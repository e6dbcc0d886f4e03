"""What a pack is made of in these tests."""

from __future__ import annotations

from controls.models import FrameworkVersion
from organisation.models import Solution
from tests.controls.standings import find, promised_by, satisfied_by
from tests.factories.controls import ControlFactory, EditionFactory, FrameworkVersionFactory
from tests.factories.evidence import EvidenceFactory
from tests.factories.findings import CheckFactory


def a_framework(payments: Solution) -> FrameworkVersion:
    """AC-1 is met by a control with a check that fails once; nothing is mapped to AC-2."""
    version: FrameworkVersion = FrameworkVersionFactory()
    met = EditionFactory(version=version, key="AC-1", title="Access")
    EditionFactory(version=version, key="AC-2", title="=Accounts")
    control, check = ControlFactory(name="Keys are rotated", solution=payments), CheckFactory(key="IAM.3")
    promised_by(met, control)
    satisfied_by(control, check)
    find(check, payments, failed=1)
    EvidenceFactory(solution=payments, shows=[control], content=b"Reviewed in March.\n")
    return version

"""What the database refuses of the locker and of an engagement's papers, whoever asks."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Model

from assurance.models import ControlTest, Engagement
from evidence.models import Evidence
from tests.factories.assurance import (
    AuditFindingFactory,
    ControlTestFactory,
    EngagementFactory,
    PackFactory,
    PopulationFactory,
    SampleFactory,
    SampleItemFactory,
    TeamMemberFactory,
)
from tests.factories.evidence import (
    AttestationFactory,
    EvidenceFactory,
    EvidenceRequestFactory,
    LegalHoldFactory,
    SnapshotFactory,
)

pytestmark = pytest.mark.django_db


def test_a_piece_of_evidence_is_never_edited() -> None:
    evidence = EvidenceFactory()
    with pytest.raises(DatabaseError, match="never edited"), transaction.atomic():
        Evidence.objects.filter(pk=evidence.pk).update(title="Something else")


def test_a_withdrawal_is_said_once() -> None:
    evidence = EvidenceFactory(withdrawn=True)
    with pytest.raises(DatabaseError, match="decided on once"), transaction.atomic():
        Evidence.objects.filter(pk=evidence.pk).update(withdrawn_because="Another reason")


def test_the_papers_of_a_closed_engagement_are_locked() -> None:
    item = SampleItemFactory()
    test = item.sample.population.test
    engagement = test.engagement
    Engagement.objects.filter(pk=engagement.pk).update(
        state="closed", closed_at=engagement.about_to, closed_by=engagement.added_by
    )
    for change in (
        lambda: ControlTest.objects.filter(pk=test.pk).update(procedure="Another"),
        lambda: type(item).objects.filter(pk=item.pk).update(note="Later"),
        lambda: SampleItemFactory(sample=item.sample),
        lambda: ControlTestFactory(engagement=engagement),
    ):
        with pytest.raises(DatabaseError, match="locked"), transaction.atomic():
            change()


def test_the_factories_make_what_the_database_takes() -> None:
    made: list[Model] = [
        EvidenceFactory(),
        LegalHoldFactory(),
        SnapshotFactory(),
        EvidenceRequestFactory(),
        AttestationFactory(),
        EngagementFactory(outside=True),
        TeamMemberFactory(),
        ControlTestFactory(reviewed=True),
        PopulationFactory(),
        SampleFactory(issued=True),
        AuditFindingFactory(draft=True),
        PackFactory(),
    ]
    assert all(one.pk for one in made)

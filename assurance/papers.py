"""Which pieces of the locker are papers of a test, and who sees them: its team; once it is reviewed, who oversees."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from assurance.models import ControlTest, Population, SampleItem
from assurance.models.test import ControlTestQuerySet
from evidence.models import Evidence
from organisation.models import Visibility

PAPER = Q(kind=Evidence.Kind.WORKING_PAPER)


def attached() -> Q:
    return PAPER & _of(ControlTest.objects.all())


def opened(user: object) -> Q:
    seen: ControlTestQuerySet = ControlTest.objects.worked_on_by(user)
    if Visibility.of(user).everything:
        seen = seen | ControlTest.objects.filter(state=ControlTest.State.REVIEWED)
    return PAPER & _of(seen)


def _of(tests: QuerySet[ControlTest]) -> Q:
    keys = tests.values("pk")
    key = OuterRef("pk")
    populations = Population.objects.filter(Q(evidence=key) | Q(against_evidence=key), test__in=keys)
    own = ControlTest.evidence.through.objects.filter(evidence=key, controltest__in=keys)
    items = SampleItem.evidence.through.objects.filter(evidence=key, sampleitem__sample__population__test__in=keys)
    return Q(Exists(populations)) | Q(Exists(own)) | Q(Exists(items))

from datetime import timedelta
from hashlib import sha256
from typing import Any

import factory
from django.core.files.base import ContentFile
from factory.django import DjangoModelFactory

from audit import clock
from controls.imports.running import kept
from evidence import head_files, signing
from evidence.capturing import kept_until, storage
from evidence.head_files import Head, Signed
from evidence.models import (
    Attestation,
    Evidence,
    EvidenceLink,
    EvidenceRequest,
    LegalHold,
    RequestImport,
    RequestStep,
    Snapshot,
    TrailHead,
)
from tests.factories.controls import ControlFactory
from tests.factories.organisation import LONG_AGO, SolutionFactory, UserFactory

CONTENT = b"Access reviewed on 3 March, nobody left over.\n"


class EvidenceFactory(DjangoModelFactory[Evidence]):
    """A document that somebody of the first line brought, with a real file. `content=b"…"`; `shows=[control]`.

    Written past the verb, so without its entry in the trail: a test of custody captures instead.
    """

    class Meta:
        model = Evidence
        skip_postgeneration_save = True
        exclude = ("content",)

    class Params:
        withdrawn = factory.Trait(
            withdrawn_at=factory.SelfAttribute("captured_at"),
            withdrawn_by=factory.SelfAttribute("captured_by"),
            withdrawn_because="The wrong file",
        )

    content = CONTENT
    kind = Evidence.Kind.DOCUMENT
    title = factory.Sequence(lambda n: f"Access review {n}")
    solution = factory.SubFactory(SolutionFactory)
    captured_by = factory.SubFactory(UserFactory, first_line=True)
    captured_at = factory.LazyFunction(clock.now)
    effective_from = factory.LazyAttribute(lambda made: made.captured_at - timedelta(days=30))
    effective_to = factory.SelfAttribute("captured_at")
    file_name = "access review.txt"
    stored_as = factory.LazyAttribute(lambda made: storage().save("made/file", ContentFile(made.content)))
    sha256 = factory.LazyAttribute(lambda made: sha256(made.content).hexdigest())
    size = factory.LazyAttribute(lambda made: len(made.content))
    media_type = "text/plain"
    kept_until = factory.LazyAttribute(lambda made: kept_until(made.captured_at))

    @factory.post_generation
    def shows(self: Evidence, create: bool, controls: Any, **more: Any) -> None:
        for control in controls or ():
            EvidenceLinkFactory(evidence=self, control=control, **more)


class EvidenceLinkFactory(DjangoModelFactory[EvidenceLink]):
    class Meta:
        model = EvidenceLink

    evidence = factory.SubFactory(EvidenceFactory)
    control = factory.SubFactory(ControlFactory)
    linked_by = "setup"
    valid_from = LONG_AGO


class LegalHoldFactory(DjangoModelFactory[LegalHold]):
    """On one piece of evidence."""

    class Meta:
        model = LegalHold

    evidence = factory.SubFactory(EvidenceFactory)
    because = "A claim is pending"
    set_by = factory.SubFactory(UserFactory, third_line=True)
    set_at = factory.LazyFunction(clock.now)


class SnapshotFactory(DjangoModelFactory[Snapshot]):
    """Of a day: ten pairs, one of them fails."""

    class Meta:
        model = Snapshot

    evidence = factory.SubFactory(EvidenceFactory, kind=Evidence.Kind.SNAPSHOT, captured_by=None)
    control = factory.SubFactory(ControlFactory)
    solution = factory.SelfAttribute("evidence.solution")
    period_to = factory.LazyFunction(clock.now)
    period_from = factory.LazyAttribute(lambda made: made.period_to - timedelta(days=1))
    population = 10
    passing = 9
    failing = 1
    accepted = 0
    unknown = 0
    is_complete = True


def _head(made: Any) -> Head:
    return Head(made.taken_at, made.position, made.digest, made.position, "compliance-portal 0", "none")


class TrailHeadFactory(DjangoModelFactory[TrailHead]):
    """A signed head of no trail in particular, with its file."""

    class Meta:
        model = TrailHead

    taken_at = factory.LazyFunction(clock.now)
    position = factory.Sequence(lambda n: n + 1)
    digest = "0" * 64
    key = factory.LazyFunction(lambda: signing.fingerprint())
    stored_as = factory.LazyAttribute(lambda made: head_files.keep(Signed.of(_head(made))))


class EvidenceRequestFactory(DjangoModelFactory[EvidenceRequest]):
    """Asked by an auditor of somebody of the first line, for a control, due in two weeks."""

    class Meta:
        model = EvidenceRequest
        skip_postgeneration_save = True

    title = factory.Sequence(lambda n: f"List of administrators {n}")
    solution = factory.SubFactory(SolutionFactory)
    control = factory.SubFactory(ControlFactory)
    asked_by = factory.SubFactory(UserFactory, third_line=True)
    asked_at = factory.LazyFunction(clock.now)
    assignee = factory.SubFactory(UserFactory, first_line=True)
    due_on = factory.LazyAttribute(lambda made: made.asked_at.date() + timedelta(days=14))

    @factory.post_generation
    def step(self: EvidenceRequest, create: bool, given: Any, **more: Any) -> None:
        RequestStep.objects.create(request=self, kind=RequestStep.Kind.ASKED, by=self.asked_by, at=self.asked_at)


class RequestImportFactory(DjangoModelFactory[RequestImport]):
    """Refused: a file that is no list."""

    class Meta:
        model = RequestImport

    file = factory.LazyFunction(lambda: kept(b"no list"))
    name = "list.csv"
    state = RequestImport.State.REFUSED
    problems = factory.LazyFunction(lambda: [{"place": "row 1", "reason": "No column of a list"}])
    requested_by = factory.SubFactory(UserFactory, third_line=True)


class AttestationFactory(DjangoModelFactory[Attestation]):
    """Asked for, and not given yet."""

    class Meta:
        model = Attestation

    control = factory.SubFactory(ControlFactory)
    solution = factory.SubFactory(SolutionFactory)
    statement = "Every leaver's access was taken away within a day"
    asked_by = factory.SubFactory(UserFactory, second_line=True)
    asked_at = factory.LazyFunction(clock.now)
    period_to = factory.SelfAttribute("asked_at")
    period_from = factory.LazyAttribute(lambda made: made.period_to - timedelta(days=90))
    asked_of = factory.SubFactory(UserFactory, first_line=True)
    due_on = factory.LazyAttribute(lambda made: made.asked_at.date() + timedelta(days=14))

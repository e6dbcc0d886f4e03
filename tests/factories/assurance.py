from datetime import timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from assurance.models import (
    AuditFinding,
    ControlTest,
    Engagement,
    Pack,
    Population,
    Sample,
    SampleItem,
    TeamMember,
)
from audit import clock
from evidence.models import Evidence
from tests.factories.controls import ControlFactory, FrameworkVersionFactory
from tests.factories.desk import JobFactory
from tests.factories.evidence import EvidenceFactory
from tests.factories.organisation import LONG_AGO, SolutionFactory, UserFactory


class EngagementFactory(DjangoModelFactory[Engagement]):
    """In fieldwork, about the last 90 days. `of=[solution]`; `with_team=[person]` are declared auditors.

    Traits: `planning`, `closed`, `outside` (done from outside, entered for 30 more days).
    """

    class Meta:
        model = Engagement
        skip_postgeneration_save = True

    class Params:
        planning = factory.Trait(state=Engagement.State.PLANNING)
        closed = factory.Trait(
            state=Engagement.State.CLOSED,
            closed_at=factory.SelfAttribute("about_to"),
            closed_by=factory.SelfAttribute("added_by"),
        )
        outside = factory.Trait(
            from_outside=True, access_until=factory.LazyFunction(lambda: clock.now() + timedelta(days=30))
        )

    title = factory.Sequence(lambda n: f"Access audit {n}")
    framework = factory.SubFactory(FrameworkVersionFactory)
    about_to = factory.LazyFunction(clock.now)
    about_from = factory.LazyAttribute(lambda made: made.about_to - timedelta(days=90))
    state = Engagement.State.FIELDWORK
    added_by = factory.SubFactory(UserFactory, third_line=True)
    added_at = LONG_AGO

    @factory.post_generation
    def of(self: Engagement, create: bool, solutions: Any, **more: Any) -> None:
        self.solutions.set(solutions or [SolutionFactory()])

    @factory.post_generation
    def with_team(self: Engagement, create: bool, people: Any, **more: Any) -> None:
        for person in people or ():
            TeamMemberFactory(engagement=self, person=person, **more)


class TeamMemberFactory(DjangoModelFactory[TeamMember]):
    """An auditor who declared themselves independent. Trait `undeclared`."""

    class Meta:
        model = TeamMember

    class Params:
        undeclared = factory.Trait(declared_at=None, declaration="")

    engagement = factory.SubFactory(EngagementFactory)
    person = factory.SubFactory(UserFactory, third_line=True)
    part = TeamMember.Part.AUDITOR
    put_by = "setup"
    valid_from = LONG_AGO
    declaration = "I own nothing of what is audited here."
    declared_at = LONG_AGO


class ControlTestFactory(DjangoModelFactory[ControlTest]):
    """A planned test of operating effectiveness. Traits: `concluded`, `reviewed`."""

    class Meta:
        model = ControlTest

    class Params:
        concluded = factory.Trait(
            state=ControlTest.State.CONCLUDED,
            conclusion=ControlTest.Conclusion.EFFECTIVE,
            because="25 of 25 items without a deviation",
            deviations=0,
            prepared_by=factory.SubFactory(UserFactory, third_line=True),
            prepared_at=factory.LazyFunction(clock.now),
        )
        reviewed = factory.Trait(
            concluded=True,
            state=ControlTest.State.REVIEWED,
            reviewed_by=factory.SubFactory(UserFactory, third_line=True),
            reviewed_at=factory.LazyFunction(clock.now),
        )

    engagement = factory.SubFactory(EngagementFactory)
    control = factory.SubFactory(ControlFactory)
    kind = ControlTest.Kind.OPERATION
    procedure = "Draw 25 leavers and hold their last day against when their access ended."
    added_by = factory.SelfAttribute("engagement.added_by")
    added_at = LONG_AGO


class PopulationFactory(DjangoModelFactory[Population]):
    class Meta:
        model = Population

    test = factory.SubFactory(ControlTestFactory, state=ControlTest.State.UNDER_WAY)
    source = Population.Source.CHECKS
    against = Population.Against.INVENTORY
    at = factory.SelfAttribute("test.engagement.about_to")
    known_at = factory.LazyFunction(clock.now)
    size = 3
    evidence = factory.SubFactory(
        EvidenceFactory,
        kind=Evidence.Kind.WORKING_PAPER,
        confidentiality=Evidence.Confidentiality.RESTRICTED,
        content=b'{"key":"a"}\n{"key":"b"}\n{"key":"c"}\n',
    )
    frozen_by = factory.SelfAttribute("test.added_by")
    frozen_at = factory.LazyFunction(clock.now)


class SampleFactory(DjangoModelFactory[Sample]):
    """Two of three, drawn by chance. Trait `issued`."""

    class Meta:
        model = Sample

    class Params:
        issued = factory.Trait(issued_by=factory.SelfAttribute("drawn_by"), issued_at=factory.LazyFunction(clock.now))

    population = factory.SubFactory(PopulationFactory)
    method = Sample.Method.RANDOM
    seed = "20260331"
    size = 2
    drawn_by = factory.SelfAttribute("population.frozen_by")
    drawn_at = factory.LazyFunction(clock.now)


class SampleItemFactory(DjangoModelFactory[SampleItem]):
    class Meta:
        model = SampleItem

    sample = factory.SubFactory(SampleFactory)
    number = factory.Sequence(lambda n: n + 1)
    key = factory.Sequence(lambda n: f"item-{n}")
    label = factory.Sequence(lambda n: f"Item {n}")


class AuditFindingFactory(DjangoModelFactory[AuditFinding]):
    """Issued, and not answered yet. Trait `draft`."""

    class Meta:
        model = AuditFinding

    class Params:
        draft = factory.Trait(state=AuditFinding.State.DRAFT, issued_at=None)

    engagement = factory.SubFactory(EngagementFactory)
    control = factory.SubFactory(ControlFactory)
    solution = factory.SubFactory(SolutionFactory)
    title = factory.Sequence(lambda n: f"Leavers keep their access {n}")
    rating = AuditFinding.Rating.HIGH
    condition = "3 of 25 leavers could still log in after a week"
    criteria = "Access ends on the last day"
    owner = factory.SubFactory(UserFactory, first_line=True)
    state = AuditFinding.State.ISSUED
    written_by = factory.SelfAttribute("engagement.added_by")
    written_at = factory.LazyFunction(clock.now)
    issued_at = factory.SelfAttribute("written_at")


class PackFactory(DjangoModelFactory[Pack]):
    """Asked for by an auditor, of a framework, and not made yet. Trait `sealed`, without its files."""

    class Meta:
        model = Pack
        skip_postgeneration_save = True

    class Params:
        sealed = factory.Trait(
            sealed_at=factory.SelfAttribute("seal_time"),
            stored_as="packs/nothing.zip",
            sha256="0" * 64,
            size=1,
            signature=bytes(64),
            key="0" * 64,
        )

    title = factory.Sequence(lambda n: f"Pack {n}")
    framework = factory.SubFactory(FrameworkVersionFactory)
    about_to = factory.LazyFunction(clock.now)
    about_from = factory.SelfAttribute("about_to")
    known_at = factory.LazyFunction(clock.now)
    trail_position = 1
    trail_digest = "0" * 64
    seal_time = factory.SelfAttribute("known_at")
    software = "0.1.0"
    requested_by = factory.SubFactory(UserFactory, third_line=True)
    requested_at = factory.SelfAttribute("known_at")
    job = factory.SubFactory(JobFactory, kind="pack", requested_by=factory.SelfAttribute("..requested_by"))

    @factory.post_generation
    def of(self: Pack, create: bool, solutions: Any, **more: Any) -> None:
        self.solutions.set(solutions or [SolutionFactory()])

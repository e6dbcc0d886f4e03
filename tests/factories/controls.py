import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import factory
import zstandard
from factory.django import DjangoModelFactory

from audit import clock
from controls.models import (
    AreaRule,
    CheckReference,
    ComplementaryControl,
    Control,
    Edition,
    Framework,
    FrameworkVersion,
    Frequency,
    Import,
    Inheritance,
    Mapping,
    MappingDecision,
    MappingSet,
    Pack,
    PackRule,
    PackVersion,
    Profile,
    ProviderReport,
    Reading,
    Requirement,
    Responsibility,
    ResponsibilitySet,
    Section,
    ServiceType,
    SourceFile,
    Verdict,
)
from findings.models import Source
from tests.factories.desk import JobFactory
from tests.factories.organisation import LONG_AGO, SolutionFactory, UserFactory

NO_DIGEST = "0" * 64


class FrameworkFactory(DjangoModelFactory[Framework]):
    class Meta:
        model = Framework

    key = factory.Sequence(lambda n: f"standard-{n}")
    name = factory.Sequence(lambda n: f"Standard {n}")
    publisher = "Standards Office"
    key_word = "number"
    added_at = LONG_AGO


class FrameworkVersionFactory(DjangoModelFactory[FrameworkVersion]):
    """The current version of its framework; the trait `draft` was never made current."""

    class Meta:
        model = FrameworkVersion

    framework = factory.SubFactory(FrameworkFactory)
    label = "1.0"
    source_name = "standard.xml"
    source_sha256 = NO_DIGEST
    imported_by = "test"
    imported_at = LONG_AGO
    valid_from = LONG_AGO

    class Params:
        draft = factory.Trait(valid_from=None)


class SectionFactory(DjangoModelFactory[Section]):
    class Meta:
        model = Section

    version = factory.SubFactory(FrameworkVersionFactory)
    label = factory.Sequence(str)
    path = factory.SelfAttribute("label")
    title = "Access control"
    position = factory.Sequence(int)


class RequirementFactory(DjangoModelFactory[Requirement]):
    class Meta:
        model = Requirement

    framework = factory.SubFactory(FrameworkFactory)
    key = factory.Sequence(lambda n: f"{n}")
    added_at = LONG_AGO


class EditionFactory(DjangoModelFactory[Edition]):
    """A requirement in the current version of its framework, without text; `key=` names it."""

    class Meta:
        model = Edition

    class Params:
        key = factory.Sequence(lambda n: f"{n}")

    version = factory.SubFactory(FrameworkVersionFactory)
    requirement = factory.SubFactory(
        RequirementFactory, framework=factory.SelfAttribute("..version.framework"), key=factory.SelfAttribute("..key")
    )
    position = factory.Sequence(int)
    label = factory.SelfAttribute("key")
    title = "Privileged access rights"


class ProfileFactory(DjangoModelFactory[Profile]):
    class Meta:
        model = Profile

    version = factory.SubFactory(FrameworkVersionFactory)
    key = "low"
    name = "Low baseline"
    source_name = "low.json"
    source_sha256 = NO_DIGEST
    imported_at = LONG_AGO


class CheckReferenceFactory(DjangoModelFactory[CheckReference]):
    class Meta:
        model = CheckReference

    source = Source.CONFIG
    key = factory.Sequence(lambda n: f"S3_BUCKET_RULE_{n}")


class MappingSetFactory(DjangoModelFactory[MappingSet]):
    class Meta:
        model = MappingSet

    key = factory.Sequence(lambda n: f"set-{n}")
    framework = factory.SubFactory(FrameworkFactory)
    name = "AWS: operational best practices"
    publisher = "Amazon Web Services"
    source_sha256 = NO_DIGEST
    loaded_at = LONG_AGO


class MappingFactory(DjangoModelFactory[Mapping]):
    """A proposed mapping of an edition's requirement to a Config rule; the trait `approved` is in force."""

    class Meta:
        model = Mapping

    class Params:
        edition = factory.SubFactory(EditionFactory)
        approved = factory.Trait(
            state=Mapping.State.APPROVED, approved_at=LONG_AGO, approved_by="test", approved_because="Agreed"
        )

    requirement = factory.SelfAttribute("edition.requirement")
    check_named = factory.SubFactory(CheckReferenceFactory)
    mapping_set = factory.SubFactory(MappingSetFactory, framework=factory.SelfAttribute("..requirement.framework"))
    relation = Mapping.Relation.INTERSECTS
    proposed_by = "library"
    proposed_at = LONG_AGO


class MappingDecisionFactory(DjangoModelFactory[MappingDecision]):
    """An approval of nothing in particular, carried out."""

    class Meta:
        model = MappingDecision

    action = MappingDecision.Action.APPROVE
    because = "Agreed by the forum"
    chosen = factory.LazyFunction(list)
    changed = 0
    decided_by = factory.SubFactory(UserFactory, second_line=True)
    decided_at = LONG_AGO
    carried_out_at = LONG_AGO


class PackFactory(DjangoModelFactory[Pack]):
    class Meta:
        model = Pack

    key = factory.Sequence(lambda n: f"Best-Practices-{n}")
    name = factory.LazyAttribute(lambda made: made.key.replace("-", " "))
    added_at = LONG_AGO


class PackVersionFactory(DjangoModelFactory[PackVersion]):
    class Meta:
        model = PackVersion

    pack = factory.SubFactory(PackFactory)
    source_name = "pack.yaml"
    source_sha256 = NO_DIGEST
    imported_by = "test"
    valid_from = LONG_AGO


class PackRuleFactory(DjangoModelFactory[PackRule]):
    class Meta:
        model = PackRule

    version = factory.SubFactory(PackVersionFactory)
    position = factory.Sequence(int)
    logical_id = factory.Sequence(lambda n: f"Rule{n}")
    name = factory.Sequence(lambda n: f"s3-bucket-rule-{n}")
    owner = "AWS"
    identifier = factory.LazyAttribute(lambda made: made.name.upper().replace("-", "_"))


class ImportFactory(DjangoModelFactory[Import]):
    """A file that waits to be read; `content=` are its bytes."""

    class Meta:
        model = Import

    class Params:
        content = b"key\r\n1\r\n"

    name = "standard.csv"
    requested_by = factory.SubFactory(UserFactory, second_line=True)
    job = factory.SubFactory(JobFactory, kind="import", requested_by=factory.SelfAttribute("..requested_by"))

    @factory.lazy_attribute
    def file(self) -> Any:
        raw: bytes = self.content
        said = {"size": len(raw), "body": zstandard.compress(raw)}
        return SourceFile.objects.get_or_create(sha256=hashlib.sha256(raw).hexdigest(), defaults=said)[0]


class ControlFactory(DjangoModelFactory[Control]):
    """An automated control that is asked of every solution; the trait `manual` is tested by people once a quarter."""

    class Meta:
        model = Control

    class Params:
        manual = factory.Trait(method=Control.Method.MANUAL, frequency=Frequency.QUARTERLY)

    name = factory.Sequence(lambda n: f"Storage is closed to the public {n}")
    objective = "Nobody outside the organisation reads what we store."
    kind = Control.Kind.PREVENTIVE
    method = Control.Method.AUTOMATED
    frequency = Frequency.CONTINUOUS
    owner = factory.SubFactory(UserFactory, first_line=True)
    added_by = "test"
    added_at = LONG_AGO


class InheritanceFactory(DjangoModelFactory[Inheritance]):
    """That a solution relies on a common control of another one."""

    class Meta:
        model = Inheritance

    control = factory.SubFactory(ControlFactory, is_common=True, solution=factory.SubFactory(SolutionFactory))
    solution = factory.SubFactory(SolutionFactory)
    because = "The platform runs it for us."
    agreed_by = "test"
    valid_from = LONG_AGO


class ControlMappingFactory(MappingFactory):
    """That a control has to do with a requirement; approved like its base by a trait."""

    check_named = None
    control = factory.SubFactory(ControlFactory)
    mapping_set = None
    relation = Mapping.Relation.EQUAL


class ControlCheckFactory(MappingFactory):
    """That a check has to do with a control."""

    requirement = None
    control = factory.SubFactory(ControlFactory)
    mapping_set = None
    relation = Mapping.Relation.EQUAL


class VerdictFactory(DjangoModelFactory[Verdict]):
    """A manual test that passed and is fresh for a year; `result=` and `kind=` say otherwise."""

    class Meta:
        model = Verdict

    control = factory.SubFactory(ControlFactory, manual=True)
    kind = Verdict.Kind.MANUAL_TEST
    result = Verdict.Result.PASSING
    period_from = factory.LazyAttribute(lambda made: made.said_at - timedelta(days=90))
    period_to = factory.SelfAttribute("said_at")
    fresh_until = factory.LazyAttribute(lambda made: made.period_to + timedelta(days=365))
    because = "Walked through the list of accounts with the team."
    said_by = factory.SubFactory(UserFactory, first_line=True)
    said_at = factory.LazyFunction(clock.now)


class ServiceTypeFactory(DjangoModelFactory[ServiceType]):
    """A service type of buckets; `whose={"host": "provider"}` states responsibilities as the library does."""

    class Meta:
        model = ServiceType
        skip_postgeneration_save = True

    key = factory.Sequence(lambda n: f"service-{n}")
    name = factory.LazyAttribute(lambda made: made.key.replace("-", " ").capitalize())
    resource_types = factory.LazyFunction(lambda: ["AWS::S3::Bucket"])
    position = factory.Sequence(int)

    @factory.post_generation
    def whose(self: ServiceType, create: bool, whose: Any, **more: Any) -> None:
        for area, party in (whose or {}).items():
            ResponsibilityFactory(service=self, area=area, party=party)


class ResponsibilitySetFactory(DjangoModelFactory[ResponsibilitySet]):
    class Meta:
        model = ResponsibilitySet
        django_get_or_create = ("key",)

    key = "aws-service-responsibility"
    name = "Shared responsibility of AWS's services"
    version = "2026-11-28"
    source_sha256 = NO_DIGEST
    loaded_at = LONG_AGO


class ResponsibilityFactory(DjangoModelFactory[Responsibility]):
    """What the library states of an area."""

    class Meta:
        model = Responsibility

    service = factory.SubFactory(ServiceTypeFactory)
    area = "host"
    party = "provider"
    because = "AWS patches the host."
    source_name = "AWS: shared responsibility"
    source_url = "https://docs.aws.amazon.com/shared"
    source_on = date(2026, 11, 28)
    responsibility_set = factory.SubFactory(ResponsibilitySetFactory)
    stated_at = LONG_AGO


class AreaRuleFactory(DjangoModelFactory[AreaRule]):
    """What the library says a requirement is about; `edition=` names it."""

    class Meta:
        model = AreaRule

    class Params:
        edition = factory.SubFactory(EditionFactory)

    framework = factory.SelfAttribute("edition.version.framework")
    kind = "requirement"
    name = factory.SelfAttribute("edition.requirement.key")
    areas = factory.LazyFunction(lambda: ["host"])
    because = "It is about hosts."
    is_reading = True
    responsibility_set = factory.SubFactory(ResponsibilitySetFactory)
    stated_at = LONG_AGO


class ProviderReportFactory(DjangoModelFactory[ProviderReport]):
    """A report on hosts in eu-central-1 for a year that began LONG_AGO to 2030; `read_by=` has read it."""

    class Meta:
        model = ProviderReport
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"SOC 2 report {n}")
    kind = ProviderReport.Kind.SOC_2
    provider = "Amazon Web Services"
    period_from = LONG_AGO
    period_to = datetime(2030, 1, 1, tzinfo=UTC)
    regions = factory.LazyFunction(lambda: ["eu-central-1"])
    areas = factory.LazyFunction(lambda: ["host"])
    recorded_by = "test"
    recorded_at = LONG_AGO

    @factory.post_generation
    def of(self: ProviderReport, create: bool, services: Any, **more: Any) -> None:
        self.services.set(services or ())

    @factory.post_generation
    def read_by(self: ProviderReport, create: bool, person: Any, **more: Any) -> None:
        if person:
            Reading.objects.create(report=self, read_by=person, read_at=LONG_AGO, **more)

    @factory.post_generation
    def expects(self: ProviderReport, create: bool, asks: Any, **more: Any) -> None:
        for position, one in enumerate(asks or (), 1):
            ComplementaryControl.objects.create(report=self, position=position, asks=one)

from datetime import timedelta
from typing import Any
from uuid import uuid4

import factory
import orjson
import zstandard
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from factory.django import DjangoModelFactory

from audit import clock
from findings.models import (
    Acceptance,
    Check,
    Connection,
    CoverageSpan,
    CoverageState,
    Export,
    Finding,
    FindingRecord,
    FindingResource,
    FindingSpan,
    Resource,
    Scope,
    SetAside,
    Severity,
    Source,
    Status,
    SyncRun,
    Workflow,
)
from tests.factories.organisation import LONG_AGO, UserFactory

ACCOUNT, REGION = "111122223333", "eu-central-1"
AWS_WORDS = {Status.PASS: "PASSED", Status.FAIL: "FAILED", Status.UNKNOWN: "WARNING"}


class ConnectionFactory(DjangoModelFactory[Connection]):
    class Meta:
        model = Connection

    name = factory.Sequence(lambda n: f"Production {n}")
    hub_account = ACCOUNT
    home_region = REGION
    member_role = "ComplianceReader"
    created_at = LONG_AGO


class ScopeFactory(DjangoModelFactory[Scope]):
    """A scope that was read completely and is fresh."""

    class Meta:
        model = Scope

    connection = factory.SubFactory(ConnectionFactory)
    account = ACCOUNT
    region = REGION
    source = Source.SECURITY_HUB
    state = CoverageState.FRESH
    since = LONG_AGO
    read_at = LONG_AGO
    evaluated_at = LONG_AGO


class CheckFactory(DjangoModelFactory[Check]):
    class Meta:
        model = Check

    source = Source.SECURITY_HUB
    key = factory.Sequence(lambda n: f"S3.{1_000 + n}")  # beyond those that AWS has, which tests name
    title = "S3 general purpose buckets should block public access"
    severity = Severity.HIGH
    resource_types = factory.LazyFunction(lambda: ["AWS::S3::Bucket"])
    first_seen_at = LONG_AGO


class ResourceFactory(DjangoModelFactory[Resource]):
    class Meta:
        model = Resource

    name = factory.Sequence(lambda n: f"invoices-{n}")
    type = "AWS::S3::Bucket"
    native_id = factory.LazyAttribute(lambda made: f"arn:aws:s3:::{made.name}")
    key = factory.LazyAttribute(lambda made: made.native_id)
    account = ACCOUNT
    region = REGION
    first_seen_at = LONG_AGO


class FindingFactory(DjangoModelFactory[Finding]):
    """A finding that fails since LONG_AGO. What its open span says is given as status=, severity=,
    workflow=, since=, solutions= (the solutions themselves; by default its resource's)."""

    class Meta:
        model = Finding

    uid = factory.LazyFunction(uuid4)
    content_hash = factory.LazyFunction(uuid4)
    connection = factory.SubFactory(ConnectionFactory)
    source = Source.SECURITY_HUB
    native_id = factory.Sequence(lambda n: f"arn:aws:securityhub:{REGION}:{ACCOUNT}:finding/{n}")
    product_arn = f"arn:aws:securityhub:{REGION}::product/aws/securityhub"
    product = "Security Hub"
    check_ran = factory.SubFactory(CheckFactory)
    resource = factory.SubFactory(ResourceFactory)
    account = factory.SelfAttribute("resource.account")
    region = factory.SelfAttribute("resource.region")
    title = factory.SelfAttribute("check_ran.title")
    first_seen_at = LONG_AGO
    created_at = LONG_AGO
    updated_at = LONG_AGO
    evaluated_at = LONG_AGO

    status = Status.FAIL
    severity = Severity.HIGH
    workflow = Workflow.NEW
    since = LONG_AGO
    solutions: Any = None

    @classmethod
    def _create(cls, model_class: type[Finding], *args: Any, **fields: Any) -> Finding:
        names = ("status", "severity", "workflow", "since", "solutions")
        said = {name: fields.pop(name) for name in names}
        finding: Finding = super()._create(model_class, *args, **fields)
        if finding.resource:
            FindingResource.objects.create(finding=finding, resource=finding.resource)
        FindingSpanFactory(finding=finding, **said)
        return finding


class FindingSpanFactory(DjangoModelFactory[FindingSpan]):
    """The open span of a finding; `until=` ends it."""

    class Meta:
        model = FindingSpan

    finding = factory.SubFactory(FindingFactory)
    status = Status.FAIL
    severity = Severity.HIGH
    workflow = Workflow.NEW
    compliance_status = factory.LazyAttribute(lambda made: AWS_WORDS.get(made.status, ""))
    valid_from_source = FindingSpan.Origin.AWS
    check_ran = factory.SelfAttribute("finding.check_ran")
    account = factory.SelfAttribute("finding.account")
    region = factory.SelfAttribute("finding.region")
    since = LONG_AGO
    until: Any = None
    solutions: Any = None

    @classmethod
    def _create(cls, model_class: type[FindingSpan], *args: Any, **fields: Any) -> FindingSpan:
        since, until, solutions = (fields.pop(name) for name in ("since", "until", "solutions"))
        resource = fields["finding"].resource
        if solutions is not None:
            keys = sorted(solution.pk for solution in solutions)
        else:
            keys = list(resource.solutions) if resource else []
        dates = {"valid_from": since, "recorded_at": since, "status_since": since}
        ends = {"valid_to": until, "end_recorded_at": until}
        span: FindingSpan = super()._create(model_class, *args, **{**dates, **ends, **fields, "solutions": keys})
        return span


class FindingRecordFactory(DjangoModelFactory[FindingRecord]):
    """The raw record of a finding; `content=` is what AWS said."""

    class Meta:
        model = FindingRecord

    class Params:
        content = factory.LazyFunction(lambda: {"SchemaVersion": "2018-10-08", "Compliance": {"Status": "FAILED"}})

    finding = factory.SubFactory(FindingFactory)
    captured_at = LONG_AGO
    body = factory.LazyAttribute(lambda made: zstandard.compress(orjson.dumps(made.content)))


class AcceptanceFactory(DjangoModelFactory[Acceptance]):
    """A failing finding under X-12 since yesterday, for 30 days; `ended=True`: it has ended a moment ago."""

    class Meta:
        model = Acceptance

    class Params:
        ended = factory.Trait(valid_to=factory.LazyFunction(clock.now), ended_because="It was withdrawn")

    finding = factory.SubFactory(FindingFactory)
    exception = "X-12"
    kind = Acceptance.Kind.ACCEPTANCE
    valid_from = factory.LazyFunction(lambda: clock.now() - timedelta(days=1))
    expires_at = factory.LazyAttribute(lambda made: made.valid_from + timedelta(days=31))


class CoverageSpanFactory(DjangoModelFactory[CoverageSpan]):
    """What the coverage of a scope is, open, as its scope has it."""

    class Meta:
        model = CoverageSpan

    scope = factory.SubFactory(ScopeFactory)
    state = factory.SelfAttribute("scope.state")
    reason = factory.SelfAttribute("scope.reason")
    valid_from = factory.SelfAttribute("scope.since")
    recorded_at = factory.SelfAttribute("scope.since")


class SyncRunFactory(DjangoModelFactory[SyncRun]):
    """A reading that ended without an error, as long ago as what it read."""

    class Meta:
        model = SyncRun

    scope = factory.SubFactory(ScopeFactory)
    kind = SyncRun.Kind.INCREMENTAL
    state = SyncRun.State.DONE
    fence = 1
    started_at = LONG_AGO
    finished_at = LONG_AGO
    caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/hub/compliance-portal"
    read = 1200


class SetAsideFactory(DjangoModelFactory[SetAside]):
    class Meta:
        model = SetAside

    scope = factory.SubFactory(ScopeFactory)
    native_id = factory.Sequence(lambda n: f"record-{n}")
    reason = "The record has no ProductArn."
    excerpt = '{"Id": "record"}'
    digest = factory.LazyFunction(uuid4)
    first_at = LONG_AGO
    last_at = LONG_AGO


class ExportFactory(DjangoModelFactory[Export]):
    """A list of no solution's findings that was sent at once; `kept=True`: its file is kept."""

    class Meta:
        model = Export

    class Params:
        kept = factory.Trait(
            file=factory.LazyFunction(lambda: storages["exports"].save("kept.csv", ContentFile(b"finding\r\n"))),
            size=9,
            kept_until=factory.LazyFunction(lambda: clock.now() + timedelta(hours=1)),
        )

    requested_by = factory.SubFactory(UserFactory, second_line=True)
    requested_at = factory.LazyFunction(clock.now)
    form = Export.Form.CSV
    at = factory.LazyFunction(clock.now)
    known_at = factory.SelfAttribute("at")
    is_now = True
    filters = "Status: fail"
    coverage = "fresh 100 %"
    solutions = factory.LazyFunction(list)
    rows = 3

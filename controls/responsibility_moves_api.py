"""What programs state of responsibility, and of provider reports: the same verbs as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework import serializers

from audit import clock
from controls.models import (
    Area,
    Control,
    Framework,
    Party,
    ProviderReport,
    Requirement,
    RequirementAreas,
    Responsibility,
    RunsAs,
    ServiceType,
)
from controls.responsibility_api import ReportDoor, ServiceTypeDoor
from controls.used_services import kinds_of_type
from organisation.models import Solution, User
from organisation.rest import MomentField
from organisation.rest_acts import Act, BecauseSerializer, RowField


class StateResponsibilitySerializer(BecauseSerializer):
    """party: whose it is; empty for what the library says."""

    area = serializers.ChoiceField(choices=Area.choices)
    party = serializers.ChoiceField(choices=Party.choices, required=False, allow_blank=True, default="")


class StateResponsibility(ServiceTypeDoor, Act):
    action, said = "responsibility.manage", StateResponsibilitySerializer

    def do(self, row: ServiceType, said: dict[str, Any], *, by: User) -> ServiceType:
        Responsibility.state(row, said["area"], said["party"], because=said["because"], by=by)
        return row


class StateAreasSerializer(BecauseSerializer):
    """areas: what it is about; null for what the library says."""

    areas = serializers.ListField(child=serializers.ChoiceField(choices=Area.choices), allow_null=True)


class RequirementAreasSerializer(serializers.ModelSerializer[RequirementAreas]):
    requirement = serializers.CharField(source="requirement.public_id")

    class Meta:
        model = RequirementAreas
        fields = ["requirement", "areas", "because", "stated_at"]


class StateAreas(Act):
    """What a requirement is about: its responsibility for each service type follows from that."""

    action, said = "responsibility.manage", StateAreasSerializer
    serializer_class = RequirementAreasSerializer

    def subjects(self) -> QuerySet[Requirement]:
        return Requirement.objects.select_related("framework")

    def do(self, row: Requirement, said: dict[str, Any], *, by: User) -> RequirementAreas:
        return RequirementAreas.state(row, areas=said["areas"], because=said["because"], by=by)

    def told(self, done: RequirementAreas) -> Any:
        return self.get_serializer(done).data


class StateRunsAsSerializer(BecauseSerializer):
    """kind: key of the service type that these resources run as; empty where it is not known."""

    resource_type = serializers.CharField(max_length=128)
    kind = serializers.CharField(required=False, allow_blank=True, default="")


class RunsAsSerializer(serializers.ModelSerializer[RunsAs]):
    solution = serializers.CharField(source="solution.public_id")
    kind = serializers.CharField(source="service.key", allow_null=True, default=None)

    class Meta:
        model = RunsAs
        fields = ["solution", "resource_type", "kind", "because", "stated_at"]


class StateRunsAs(Act):
    """Which kind of service a solution's resources of a type are, where the inventory does not tell."""

    action, said = "responsibility.manage", StateRunsAsSerializer
    serializer_class = RunsAsSerializer

    def subjects(self) -> QuerySet[Solution]:
        seen = Solution.objects.visible_to(self.request.user)
        return seen.added_by(self.request.moment.at)  # type: ignore[attr-defined]

    def do(self, row: Solution, said: dict[str, Any], *, by: User) -> RunsAs:
        kinds = {one.key: one for one in kinds_of_type(said["resource_type"])}
        if not kinds or said["kind"] not in ("", *kinds):
            raise Http404(f"{said['resource_type']} never runs as {said['kind']}")
        return RunsAs.state(row, said["resource_type"], kinds.get(said["kind"]), because=said["because"], by=by)

    def told(self, done: RunsAs) -> Any:
        return self.get_serializer(done).data


class RecordReportSerializer(serializers.Serializer[Any]):
    """period_to: the first moment after it. services: ids of service types. regions: names, none where it is of
    every_region. areas: whose provider part it shows. expects: what it asks of its user. exceptions: what its auditor
    found otherwise, empty for none; null where the caller has not read it.
    """

    name = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=ProviderReport.Kind.choices)
    provider = serializers.CharField(max_length=120)
    issued_by = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    period_from = MomentField()
    period_to = MomentField()
    services = serializers.ListField(child=RowField(lambda user: ServiceType.objects.all()))
    every_region = serializers.BooleanField(required=False, default=False)
    regions = serializers.ListField(child=serializers.CharField(max_length=30), required=False, default=list)
    areas = serializers.ListField(child=serializers.ChoiceField(choices=Area.choices))
    framework = RowField(lambda user: Framework.objects.all(), required=False, allow_null=True, default=None)
    expects = serializers.ListField(child=serializers.CharField(max_length=1000), required=False, default=list)
    file_name = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    sha256 = serializers.RegexField(r"^([0-9a-f]{64})?\Z", required=False, allow_blank=True, default="")
    exceptions = serializers.CharField(
        max_length=4000, required=False, allow_blank=True, allow_null=True, default=None
    )  # fmt: skip


class RecordReport(ReportDoor, Act):
    action, said, makes = "provider_report.record", RecordReportSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> ProviderReport:
        exceptions = said.pop("exceptions")
        made = ProviderReport.record(by=by, **said)
        if exceptions is not None:
            made.read(exceptions=exceptions, by=by)
        return made


class ReportAct(ReportDoor, Act):
    """On one that is not withdrawn."""

    action = "provider_report.record"

    def subjects(self) -> QuerySet[ProviderReport]:
        return ProviderReport.objects.recorded(self.request.moment.at)  # type: ignore[attr-defined]


class ReadReportSerializer(serializers.Serializer[Any]):
    """exceptions: what its auditor found otherwise; empty where there are none."""

    exceptions = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")


class ReadReport(ReportAct):
    """The caller has read it."""

    said = ReadReportSerializer

    def do(self, row: ProviderReport, said: dict[str, Any], *, by: User) -> ProviderReport:
        row.read(exceptions=said["exceptions"], by=by)
        return row


class GapLetterSerializer(serializers.Serializer[Any]):
    """until: the first moment after the time in which nothing had changed."""

    until = MomentField()
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class NoteGapLetter(ReportAct):
    said = GapLetterSerializer

    def do(self, row: ProviderReport, said: dict[str, Any], *, by: User) -> ProviderReport:
        row.bridge(said["until"], note=said["note"], by=by)
        return row


class WithdrawReport(ReportAct):
    said = BecauseSerializer

    def do(self, row: ProviderReport, said: dict[str, Any], *, by: User) -> ProviderReport:
        row.withdraw(because=said["because"], by=by)
        return row


class AnswerExpectedSerializer(BecauseSerializer):
    """position: of what the report expects. control: of ours, by which it is met; null where it is not met yet."""

    position = serializers.IntegerField(min_value=1, max_value=100_000)
    control = RowField(
        lambda user: Control.objects.in_use(clock.now()), required=False, allow_null=True, default=None
    )  # fmt: skip


class AnswerExpected(ReportAct):
    said = AnswerExpectedSerializer

    def do(self, row: ProviderReport, said: dict[str, Any], *, by: User) -> ProviderReport:
        asked = get_object_or_404(row.expected_controls, position=said["position"])
        asked.answer(said["control"], because=said["because"], by=by)
        return row


REPORT = "provider-reports/<str:public_id>/"
urlpatterns = [
    path("service-types/<str:public_id>/state/", StateResponsibility.as_view(), name="service_type_state"),
    path("requirements/<str:public_id>/areas/", StateAreas.as_view(), name="requirement_areas"),
    path("solutions/<str:public_id>/responsibility/runs-as/", StateRunsAs.as_view(), name="solution_runs_as"),
    path("provider-reports/record/", RecordReport.as_view(), name="provider_report_record"),
    path(f"{REPORT}read/", ReadReport.as_view(), name="provider_report_read"),
    path(f"{REPORT}gap-letter/", NoteGapLetter.as_view(), name="provider_report_gap_letter"),
    path(f"{REPORT}withdraw/", WithdrawReport.as_view(), name="provider_report_withdraw"),
    path(f"{REPORT}expected/", AnswerExpected.as_view(), name="provider_report_expected"),
]

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.public_id import get_or_404
from controls.models import ComplementaryControl, ProviderReport, Reading, Responsibility, ServiceType
from controls.provider_parts import expected_at
from controls.register_api import NamedSerializer
from controls.responsibility import held_for
from controls.used_services import uses
from organisation.models import Solution
from organisation.rest import Door, ListDoor, Permitted, RowDoor


class ServiceTypeSerializer(serializers.ModelSerializer[ServiceType]):
    id = serializers.CharField(source="public_id")

    class Meta:
        model = ServiceType
        fields = ["id", "key", "name", "note", "resource_types", "may_be"]


class ResponsibilitySerializer(serializers.ModelSerializer[Responsibility]):
    id = serializers.CharField(source="public_id")
    service = serializers.CharField(source="service.key")
    stated_by = serializers.CharField(source="stated_by.public_id", allow_null=True, default=None)

    class Meta:
        model = Responsibility
        fields = [
            "id", "service", "area", "party", "because", "source_name", "source_url", "source_on", "is_reading",
            "stated_by", "stated_at",
        ]  # fmt: skip


class ProviderReportSerializer(serializers.ModelSerializer[ProviderReport]):
    id = serializers.CharField(source="public_id")
    services: Any = serializers.SlugRelatedField(slug_field="key", many=True, read_only=True)
    framework = serializers.CharField(source="framework.key", allow_null=True, default=None)
    read_at = serializers.SerializerMethodField()
    gap_letter_until = serializers.SerializerMethodField()

    class Meta:
        model = ProviderReport
        fields = [
            "id", "name", "kind", "provider", "issued_by", "period_from", "period_to", "gap_letter_until", "services",
            "every_region", "regions", "areas", "framework", "read_at", "file_name", "sha256", "recorded_at",
        ]  # fmt: skip

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_read_at(self, report: ProviderReport) -> datetime | None:
        return max((one.read_at for one in report.readings.all() if one.read_at <= self._at), default=None)

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_gap_letter_until(self, report: ProviderReport) -> datetime | None:
        return max((one.until for one in report.gap_letters.all() if one.recorded_at <= self._at), default=None)

    @property
    def _at(self) -> datetime:
        at: datetime = self.context["request"].moment.at
        return at


class ReadingSerializer(serializers.ModelSerializer[Reading]):
    """exceptions: empty where there are none."""

    read_by = NamedSerializer()

    class Meta:
        model = Reading
        fields = ["exceptions", "read_by", "read_at"]


class ExpectedControlSerializer(serializers.Serializer[ComplementaryControl]):
    """What it asks of its user. control: of ours, by which it is met; because: empty where nobody said anything yet."""

    position = serializers.IntegerField()
    asks = serializers.CharField()
    control = serializers.CharField(source="said.control.public_id", allow_null=True, default=None)
    because = serializers.CharField(source="said.because", default="")


class OneProviderReportSerializer(ProviderReportSerializer):
    readings = serializers.SerializerMethodField()
    expected = serializers.SerializerMethodField()

    class Meta(ProviderReportSerializer.Meta):
        fields = [*ProviderReportSerializer.Meta.fields, "readings", "expected", "withdrawn_at", "withdrawn_because"]

    @extend_schema_field(ReadingSerializer(many=True))
    def get_readings(self, report: ProviderReport) -> Any:
        rows = report.readings.filter(read_at__lte=self._at).select_related("read_by")
        return ReadingSerializer(rows, many=True).data

    @extend_schema_field(ExpectedControlSerializer(many=True))
    def get_expected(self, report: ProviderReport) -> Any:
        expected: Any = expected_at(report, self._at)
        return ExpectedControlSerializer(expected, many=True).data

    def to_representation(self, report: ProviderReport) -> Any:
        """Of a withdrawal after the moment asked about, nothing."""
        told = super().to_representation(report)
        if report.withdrawn_at and report.withdrawn_at > self._at:
            told |= {"withdrawn_at": None, "withdrawn_because": ""}
        return told


class UseSerializer(serializers.Serializer[Any]):
    service = serializers.CharField(allow_null=True)
    resource_types = serializers.DictField(child=serializers.IntegerField())
    regions = serializers.ListField(child=serializers.CharField())
    responsibilities = ResponsibilitySerializer(many=True)


def _at(view: APIView) -> datetime:
    moment: Any = view.request.moment  # type: ignore[attr-defined]
    at: datetime = moment.at
    return at


class OneServiceTypeSerializer(ServiceTypeSerializer):
    """responsibilities: whose each area is, where that is stated."""

    responsibilities = serializers.SerializerMethodField()

    class Meta(ServiceTypeSerializer.Meta):
        fields = [*ServiceTypeSerializer.Meta.fields, "responsibilities"]

    @extend_schema_field(ResponsibilitySerializer(many=True))
    def get_responsibilities(self, service: ServiceType) -> Any:
        held = held_for([service], self.context["request"].moment.at)
        return ResponsibilitySerializer(list(held.values()), many=True).data


class ServiceTypes(ListDoor):
    action = "responsibility.view"
    serializer_class = ServiceTypeSerializer
    order = ("position", "id")

    def rows(self) -> QuerySet[ServiceType]:
        return ServiceType.objects.all()


class ServiceTypeDoor(Door):
    action: ClassVar[str] = "responsibility.view"
    serializer_class = OneServiceTypeSerializer

    def rows(self) -> QuerySet[ServiceType]:
        return ServiceType.objects.all()


class OneServiceType(ServiceTypeDoor, RowDoor):
    pass


class Responsibilities(ListDoor):
    """Those that hold: where a person states it, not the library's beside it."""

    action = "responsibility.view"
    serializer_class = ResponsibilitySerializer
    order = ("id",)

    def rows(self) -> QuerySet[Responsibility]:
        at = _at(self)
        people = Responsibility.objects.of_people().at(at).exclude(party="")
        instead = people.filter(service=OuterRef("service"), area=OuterRef("area"), stated_by__isnull=False)
        held = Responsibility.objects.at(at).exclude(party="")
        library_alone = held.from_library().exclude(Exists(instead))
        return (people | library_alone).select_related("service", "stated_by")


class ProviderReports(ListDoor):
    action = "responsibility.view"
    serializer_class = ProviderReportSerializer
    order = ("id",)

    def rows(self) -> QuerySet[ProviderReport]:
        return _with_all(ProviderReport.objects.recorded(_at(self)))


class ReportDoor(Door):
    """One report, withdrawn or not."""

    action: ClassVar[str] = "responsibility.view"
    serializer_class = OneProviderReportSerializer

    def rows(self) -> QuerySet[ProviderReport]:
        return _with_all(ProviderReport.objects.filter(recorded_at__lte=_at(self)))


class OneProviderReport(ReportDoor, RowDoor):
    pass


def _with_all(rows: QuerySet[ProviderReport]) -> QuerySet[ProviderReport]:
    return rows.select_related("framework").prefetch_related("services", "readings", "gap_letters")


class SolutionResponsibility(APIView):
    """A solution's matrix: the service types that it uses at the moment, and whose each area is."""

    action = "responsibility.view"
    permission_classes = [Permitted]

    @extend_schema(responses=UseSerializer(many=True))
    def get(self, request: Request, public_id: str) -> Response:
        asked: Any = request
        moment = asked.moment
        seen = Solution.objects.visible_to(request.user).added_by(moment.at)
        used = uses(get_or_404(seen, public_id), request.user, moment)
        held = held_for([use.service for use in used if use.service], moment.at)
        told = [
            {
                "service": use.service.key if use.service else None,
                "resource_types": use.types,
                "regions": use.regions,
                "responsibilities": [
                    one for (service, _area), one in held.items() if use.service and service == use.service.pk
                ],
            }
            for use in used
        ]
        return Response(UseSerializer(told, many=True).data)


urlpatterns = [
    path("service-types/", ServiceTypes.as_view(), name="service_types"),
    path("service-types/<str:public_id>/", OneServiceType.as_view(), name="service_type"),
    path("responsibilities/", Responsibilities.as_view(), name="responsibilities"),
    path("provider-reports/", ProviderReports.as_view(), name="provider_reports"),
    path("provider-reports/<str:public_id>/", OneProviderReport.as_view(), name="provider_report"),
    path("solutions/<str:public_id>/responsibility/", SolutionResponsibility.as_view(), name="solution_responsibility"),
]

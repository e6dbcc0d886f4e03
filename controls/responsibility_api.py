from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.public_id import get_or_404
from controls.models import ProviderReport, Responsibility, ServiceType
from controls.responsibility import held_for
from controls.used_services import uses
from organisation.models import Solution
from organisation.rest import ListDoor, Permitted, RowDoor


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


class UseSerializer(serializers.Serializer[Any]):
    service = serializers.CharField(allow_null=True)
    resource_types = serializers.DictField(child=serializers.IntegerField())
    regions = serializers.ListField(child=serializers.CharField())
    responsibilities = ResponsibilitySerializer(many=True)


def _at(view: APIView) -> datetime:
    moment: Any = view.request.moment  # type: ignore[attr-defined]
    at: datetime = moment.at
    return at


class ServiceTypes(ListDoor):
    action = "responsibility.view"
    serializer_class = ServiceTypeSerializer
    order = ("position", "id")

    def rows(self) -> QuerySet[ServiceType]:
        return ServiceType.objects.all()


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
        return _reports(self)


class OneProviderReport(RowDoor):
    action = "responsibility.view"
    serializer_class = ProviderReportSerializer

    def rows(self) -> QuerySet[ProviderReport]:
        return _reports(self)


def _reports(view: APIView) -> QuerySet[ProviderReport]:
    rows = ProviderReport.objects.recorded(_at(view)).select_related("framework")
    return rows.prefetch_related("services", "readings", "gap_letters")


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
    path("responsibilities/", Responsibilities.as_view(), name="responsibilities"),
    path("provider-reports/", ProviderReports.as_view(), name="provider_reports"),
    path("provider-reports/<str:public_id>/", OneProviderReport.as_view(), name="provider_report"),
    path("solutions/<str:public_id>/responsibility/", SolutionResponsibility.as_view(), name="solution_responsibility"),
]

"""Whose each requirement of a framework is in a solution, for programs; and the rules of conformance packs."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.public_id import get_or_404
from controls.listing import Asked
from controls.models import Edition, Pack, PackRule, PackVersion, Party
from controls.solution_requirements import Row, rows_of
from controls.used_services import resources_in, uses
from controls.views.solution_responsibility import ORDER, asked_for, choices_of, version_of
from findings.resources_api import ResourceSerializer
from organisation.models import Solution, Visibility
from organisation.rest import ListDoor, RowDoor


class ProviderPartSerializer(serializers.Serializer[Any]):
    """state: how far reports show it. until: the last day that they speak of."""

    service = serializers.CharField()
    state = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)


class WhoseSerializer(serializers.Serializer[Row]):
    """whose: of all service types in use; null where it is not assigned. by_service: key of each → whose, or null."""

    id = serializers.CharField(source="edition.requirement.public_id")
    label = serializers.CharField(source="edition.label")  # type: ignore[assignment]
    title = serializers.CharField(source="edition.title")
    areas = serializers.ListField(child=serializers.CharField(), source="about.areas")
    whose = serializers.ChoiceField(choices=Party.choices, source="whose.party", allow_null=True)
    by_service = serializers.SerializerMethodField()
    provider_parts = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DictField(child=serializers.CharField(allow_null=True)))
    def get_by_service(self, row: Row) -> dict[str, str | None]:
        answers = [one for found in row.whose.by_party.values() for one in found]
        return {one.service.key: one.party.value if one.party else None for one in answers}

    @extend_schema_field(ProviderPartSerializer(many=True))
    def get_provider_parts(self, row: Row) -> list[dict[str, Any]]:
        return [
            {"service": service.key, "state": state.value, "until": part.until_day}
            for state, found in row.whose.parts.items()
            for service, part in found
        ]


class WhoseRequirements(ListDoor):
    """For the service types that the solution uses. ?section, whose, part, q: as its page has them."""

    action = "responsibility.view"
    serializer_class = WhoseSerializer
    order = ORDER

    @extend_schema(
        operation_id="solution_requirements_list",
        parameters=[OpenApiParameter(name) for name in ("section", "whose", "part", "q")],
    )
    def get(self, request: Request, public_id: str = "", framework_id: str = "") -> Response:
        asker: Any = request._request
        seen = Solution.objects.added_by(asker.moment.at).visible_to(asker.user)
        solution, version = get_or_404(seen, public_id), version_of(asker, framework_id)
        asked = Asked.of(request.query_params, choices_of(version))
        rows = rows_of(version, uses(solution, asker.user, asker.moment), asker.moment.at)
        known = {row.edition.pk: row for row in asked_for(rows, asked)}
        editions = Edition.objects.filter(pk__in=known)
        if "q" in asked.values:
            editions = editions.saying(asked.values["q"])
        page: Any = self.paginate_queryset(editions.only("pk", "position"))
        chosen: Any = [known[one.pk] for one in page]
        return self.get_paginated_response(self.get_serializer(chosen, many=True).data)


class SolutionResources(ListDoor):
    """The resources that a solution's matrix counts. ?service: key of a service type, or other; ?type: of AWS."""

    action = "responsibility.view"
    serializer_class = ResourceSerializer
    order = ("type", "account", "region", "id")

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "seen": Visibility.of(self.request.user)}

    @extend_schema(parameters=[OpenApiParameter(name) for name in ("service", "type")])
    def get(self, request: Request, public_id: str = "") -> Response:
        asker: Any = request._request
        solution = get_or_404(Solution.objects.added_by(asker.moment.at).visible_to(asker.user), public_id)
        asked = {name: request.query_params.get(name, "").replace("\x00", "") for name in ("service", "type")}
        _use, rows = resources_in(solution, asker.user, asker.moment, service=asked["service"], kind=asked["type"])
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(rows), many=True).data)


class ConformancePackSerializer(serializers.ModelSerializer[PackVersion]):
    """version: the one that is current. framework: whose ids its rules name."""

    id = serializers.CharField(source="pack.public_id")
    key = serializers.CharField(source="pack.key")
    name = serializers.CharField(source="pack.name")
    publisher = serializers.CharField(source="pack.publisher")
    version = serializers.CharField(source="public_id")
    framework = serializers.CharField(source="framework.public_id", allow_null=True, default=None)

    class Meta:
        model = PackVersion
        fields = [
            "id", "key", "name", "publisher", "version", "framework", "source_name", "source_sha256", "published_on",
            "valid_from",
        ]  # fmt: skip


class RuleSerializer(serializers.ModelSerializer[PackRule]):
    """identifier: of a managed rule. controls: the requirements that it names, by key."""

    inputs = serializers.DictField()

    class Meta:
        model = PackRule
        fields = [
            "logical_id", "name", "owner", "identifier", "condition", "inputs", "resource_types", "frequency",
            "description", "controls",
        ]  # fmt: skip


class OneConformancePackSerializer(ConformancePackSerializer):
    rules = RuleSerializer(many=True)

    class Meta(ConformancePackSerializer.Meta):
        fields = [*ConformancePackSerializer.Meta.fields, "rules"]


class ConformancePacks(ListDoor):
    """?q: part of a name."""

    action = "framework.view"
    serializer_class = ConformancePackSerializer
    order = ("pack__name", "id")

    def rows(self) -> QuerySet[PackVersion]:
        rows = PackVersion.objects.current(self.request.moment.at)  # type: ignore[attr-defined]
        words = self.request.query_params.get("q", "").replace("\x00", "")
        return rows.filter(pack__name__icontains=words).select_related("pack", "framework")


class OneConformancePack(RowDoor):
    action = "framework.view"
    serializer_class = OneConformancePackSerializer

    def rows(self) -> QuerySet[PackVersion]:
        return PackVersion.objects.current(self.request.moment.at)  # type: ignore[attr-defined]

    def get(self, request: Request, public_id: str) -> Response:
        found = get_or_404(Pack.objects.all(), public_id)
        version = get_object_or_404(self.rows().select_related("pack", "framework"), pack=found)
        return Response(self.get_serializer(version).data)


urlpatterns = [
    path("solutions/<str:public_id>/responsibility/resources/", SolutionResources.as_view(), name="solution_resources"),
    path(
        "solutions/<str:public_id>/responsibility/<str:framework_id>/",
        WhoseRequirements.as_view(),
        name="solution_requirements",
    ),
    path("conformance-packs/", ConformancePacks.as_view(), name="conformance_packs"),
    path("conformance-packs/<str:public_id>/", OneConformancePack.as_view(), name="conformance_pack"),
]

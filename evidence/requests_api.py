"""Requests for evidence for programs: the same rows as on the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controls.register_api import NamedSerializer
from evidence.models import Evidence, EvidenceRequest, RequestStep
from evidence.request_list import RELATED, Requests, as_of
from organisation.rest import Door, ListDoor, RowDoor

Kind = RequestStep.Kind


class RequestSerializer(serializers.ModelSerializer[EvidenceRequest]):
    """state: at the moment asked about. asked_for: kind and id of what it serves, e.g. engagement:EN-1."""

    id = serializers.CharField(source="public_id")
    state = serializers.CharField(source="stands")
    solution = NamedSerializer(allow_null=True)
    control = NamedSerializer(allow_null=True)
    requirement = serializers.CharField(source="requirement.public_id", allow_null=True, default=None)
    asked_for = serializers.SerializerMethodField()
    asked_by = NamedSerializer()
    assignee = NamedSerializer()

    class Meta:
        model = EvidenceRequest
        fields = [
            "id", "title", "what", "state", "solution", "control", "requirement", "period_from", "period_to", "item",
            "asked_for", "asked_by", "asked_at", "assignee", "due_on", "ended_at", "version",
        ]  # fmt: skip

    def get_asked_for(self, row: EvidenceRequest) -> str:
        return f"{row.source_kind}:{row.source_id}" if row.source_kind else ""


class RequestStepSerializer(serializers.ModelSerializer[RequestStep]):
    """evidence: ids of the pieces that the reader may see."""

    by = NamedSerializer()
    passed_to = NamedSerializer(allow_null=True)
    evidence = serializers.SerializerMethodField()

    class Meta:
        model = RequestStep
        fields = ["kind", "at", "by", "words", "passed_to", "evidence"]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_evidence(self, row: RequestStep) -> list[str]:
        seen = Evidence.objects.visible_to(self.context["request"].user)
        return [one.public_id for one in seen.filter(request_steps=row).order_by("pk")]


class OneRequestSerializer(RequestSerializer):
    steps = RequestStepSerializer(many=True)

    class Meta(RequestSerializer.Meta):
        fields = [*RequestSerializer.Meta.fields, "steps"]


FILTERS = ("solution", "state", "who", "control", "overdue", "mine", "source", "q")


class RequestDoor(Door):
    action = "evidence_request.view"
    versioned = EvidenceRequest
    serializer_class = RequestSerializer

    def rows(self) -> QuerySet[EvidenceRequest]:
        moment = self.request.moment  # type: ignore[attr-defined]
        return as_of(EvidenceRequest.objects.visible_to(self.request.user), moment).select_related(*RELATED)


class EvidenceRequests(RequestDoor, ListDoor):
    """Narrowed by the same parameters as the page."""

    order = ("-id",)

    def rows(self) -> QuerySet[EvidenceRequest]:
        user: Any = self.request.user
        return Requests.of(self.request.GET, user, self.request.moment).rows  # type: ignore[attr-defined]

    @extend_schema(parameters=[OpenApiParameter(name, str) for name in FILTERS])
    def get(self, request: Request) -> Response:
        return super().get(request)


class OneEvidenceRequest(RequestDoor, RowDoor):
    serializer_class = OneRequestSerializer

    def rows(self) -> QuerySet[EvidenceRequest]:
        return super().rows().prefetch_related("steps__by", "steps__passed_to")


ONE = "evidence-requests/<str:public_id>/"
urlpatterns = [
    path("evidence-requests/", EvidenceRequests.as_view(), name="evidence_requests"),
    path(ONE, OneEvidenceRequest.as_view(), name="evidence_request"),
]

"""Snapshots for programs; their files are the evidence that each names."""

from __future__ import annotations

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controls.models import Control
from controls.register_api import NamedSerializer
from evidence.models import Evidence, Snapshot
from organisation.models import Solution
from organisation.rest import ListDoor


class SnapshotSerializer(serializers.ModelSerializer[Snapshot]):
    """evidence: whose file holds the raw records. failing: under no exception; accepted: under one in force."""

    evidence = serializers.CharField(source="evidence.public_id")
    sha256 = serializers.CharField(source="evidence.sha256")
    captured_at = serializers.DateTimeField(source="evidence.captured_at")
    control = serializers.CharField(source="control.public_id")
    solution = NamedSerializer(allow_null=True)

    class Meta:
        model = Snapshot
        fields = [
            "evidence", "sha256", "captured_at", "control", "solution", "period_from", "period_to", "population",
            "passing", "failing", "accepted", "unknown", "is_complete",
        ]  # fmt: skip


class Snapshots(ListDoor):
    """?control= and ?solution= narrow the list, by public ids."""

    action = "evidence.view"
    serializer_class = SnapshotSerializer
    order = ("-id",)

    @extend_schema(parameters=[OpenApiParameter("control", str), OpenApiParameter("solution", str)])
    def get(self, request: Request) -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[Snapshot]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        seen = Evidence.objects.visible_to(self.request.user).filter(captured_at__lte=at)
        rows = Snapshot.objects.filter(evidence__in=seen).select_related("evidence", "control", "solution")
        asked = self.request.query_params
        if control := asked.get("control"):
            rows = rows.filter(control=Control.key_of(control))
        if solution := asked.get("solution"):
            rows = rows.filter(solution=Solution.key_of(solution))
        return rows


urlpatterns = [path("snapshots/", Snapshots.as_view(), name="snapshots")]

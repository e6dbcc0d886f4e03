"""The trail for programs: searched, read entry by entry, taken away, and verified."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit import clock
from audit import trail as chain
from audit.models import TrailEntry, TrailLink
from audit.searching import LABELS, Search
from audit.views import as_file
from organisation.rest import Door, ListDoor

SEARCH = [OpenApiParameter(name, str, description=f"{label}, as on the page.") for name, label in LABELS.items()]


class TrailEntrySerializer(serializers.ModelSerializer[TrailEntry]):
    """position, digest, previous: its place in the chain; null until the database has made it."""

    position = serializers.IntegerField(source="traillink.position", allow_null=True, default=None)
    digest = serializers.CharField(source="traillink.hex", allow_null=True, default=None)
    previous = serializers.CharField(source="traillink.previous_hex", allow_null=True, default=None)
    detail = serializers.SerializerMethodField()

    class Meta:
        model = TrailEntry
        fields = [
            "id", "at", "actor", "actor_name", "line", "action", "kind", "object_id", "detail", "request_id", "address",
            "position", "digest", "previous",
        ]  # fmt: skip

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_detail(self, entry: TrailEntry) -> Any:
        return entry.detail


class TrailDoor(Door):
    action = "trail.view"
    serializer_class: Any = TrailEntrySerializer

    def rows(self) -> QuerySet[TrailEntry]:
        return TrailEntry.objects.select_related("traillink")

    @property
    def search(self) -> Search:
        """Raises BadRequest."""
        return Search.of(self.request.query_params.dict(), self.request.moment)  # type: ignore[attr-defined]


class Trail(TrailDoor, ListDoor):
    """Narrowed by the same parameters as the page, the latest act first."""

    order = ("-id",)

    @extend_schema(parameters=SEARCH)
    def get(self, request: Request) -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[TrailEntry]:
        return self.search.acts().select_related("traillink")


class OneEntry(TrailDoor):
    @extend_schema(operation_id="trail_entry")
    def get(self, request: Request, entry: int) -> Response:
        return Response(self.get_serializer(get_object_or_404(self.rows(), pk=entry)).data)


class TrailAsFile(TrailDoor):
    """What the parameters match, as JSON lines; that it was taken is on the trail."""

    @extend_schema(parameters=SEARCH, responses={(200, "application/jsonl"): OpenApiTypes.STR})
    def get(self, request: Request) -> StreamingHttpResponse:
        return as_file(self.search, request.user)


class VerdictOfTrailSerializer(serializers.Serializer[Any]):
    """broken_at: the first entry that does not fit. unlinked: how many have no place in the chain. head: the digest of
    the last one; noted elsewhere, it shows a trail that was cut short.
    """

    holds = serializers.BooleanField()
    entries = serializers.IntegerField()
    unlinked = serializers.IntegerField()
    broken_at = serializers.IntegerField(allow_null=True)
    head = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()


class VerifyTrail(TrailDoor):
    """Every digest computed anew, now."""

    serializer_class = VerdictOfTrailSerializer

    @extend_schema(operation_id="trail_verify", responses=VerdictOfTrailSerializer)
    def get(self, request: Request) -> Response:
        verdict, head = chain.verify(), TrailLink.objects.order_by("-position").first()
        told = {name: getattr(verdict, name) for name in ("holds", "entries", "unlinked", "broken_at")}
        told |= {"head": head.hex if head else None, "at": clock.now()}
        return Response(self.get_serializer(told).data)


urlpatterns = [
    path("trail/", Trail.as_view(), name="trail"),
    path("trail/export/", TrailAsFile.as_view(), name="trail_export"),
    path("trail/verify/", VerifyTrail.as_view(), name="trail_verify"),
    path("trail/<int:entry>/", OneEntry.as_view(), name="trail_entry"),
]

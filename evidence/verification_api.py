"""Whether the locker and the trail are as they were, for programs: what was found last, and verified anew."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit import clock
from audit.models import TrailEntry
from audit.public_id import get_or_404
from desk.api import JobSerializer
from evidence import head_handing_out, trail_heads, verifying
from evidence.models import TrailHead
from evidence.tasks import verify_locker_later, verify_trail_heads_later
from organisation.models import User
from organisation.rest import Door, ListDoor, RowDoor


class FoundSerializer(serializers.Serializer[TrailEntry]):
    """by: a person's public id, or the part of the portal. holds: whether nothing differs."""

    at = serializers.DateTimeField()
    by = serializers.CharField(source="actor")
    holds = serializers.BooleanField(source="detail.holds")
    found = serializers.IntegerField(source="detail.found")


class LockerVerifiedSerializer(FoundSerializer):
    """differences: the first of as many as were found, in words. bytes: of the files that were hashed."""

    pieces = serializers.IntegerField(source="detail.pieces")
    files = serializers.IntegerField(source="detail.files")
    bytes = serializers.IntegerField(source="detail.bytes")
    differences = serializers.ListField(child=serializers.CharField(), source="detail.differences")


class TrailHeadsVerifiedSerializer(FoundSerializer):
    """problems: the first of as many as were found, in words."""

    heads = serializers.IntegerField(source="detail.heads")
    problems = serializers.ListField(child=serializers.CharField(), source="detail.problems")


class LockerVerificationSerializer(serializers.Serializer[Any]):
    """last: null where it was never verified."""

    last = LockerVerifiedSerializer(allow_null=True)


class TrailHeadsVerificationSerializer(serializers.Serializer[Any]):
    """last: null where they were never verified."""

    last = TrailHeadsVerifiedSerializer(allow_null=True)


class VerifyLocker(Door):
    action = "evidence.verify"
    serializer_class = LockerVerificationSerializer

    def get(self, request: Request) -> Response:
        """What was found last."""
        at = request.moment.at  # type: ignore[attr-defined]
        return Response(self.get_serializer({"last": verifying.last_verified(at)}).data)

    @extend_schema(request=None, responses={200: LockerVerificationSerializer, 202: JobSerializer})
    def post(self, request: Request) -> Response:
        """At once where that takes a few seconds; else by a job, which is answered."""
        assert isinstance(request.user, User)
        if not verifying.is_quick():
            return Response(JobSerializer(verify_locker_later(request.user)).data, status=202)
        verifying.verify_and_tell(request.user)
        return Response(self.get_serializer({"last": verifying.last_verified(clock.now())}).data)


class TrailHeadSerializer(serializers.ModelSerializer[TrailHead]):
    """The trail as it stood: its last position and digest. key: fingerprint of the key that signed it."""

    id = serializers.CharField(source="public_id")

    class Meta:
        model = TrailHead
        fields = ["id", "taken_at", "position", "digest", "key", "mailed_to"]


class TrailHeadDoor(Door):
    action = "trail.heads"
    serializer_class = TrailHeadSerializer

    def rows(self) -> QuerySet[TrailHead]:
        return TrailHead.objects.filter(taken_at__lte=self.request.moment.at)  # type: ignore[attr-defined]


class TrailHeads(TrailHeadDoor, ListDoor):
    order = ("-id",)


class OneTrailHead(TrailHeadDoor, RowDoor):
    pass


class TrailHeadFile(TrailHeadDoor):
    @extend_schema(responses={(200, "application/json"): OpenApiTypes.OBJECT})
    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        """The signed head as it is kept."""
        return head_handing_out.handed_out(get_or_404(self.get_queryset(), public_id))


class TrailHeadKey(TrailHeadDoor):
    @extend_schema(responses={(200, "application/x-pem-file"): OpenApiTypes.BINARY})
    def get(self, request: Request) -> HttpResponseBase:
        """The public key that the portal signs by now."""
        return head_handing_out.public_key()


class VerifyTrailHeads(Door):
    action = "trail.heads"
    serializer_class = TrailHeadsVerificationSerializer

    def get(self, request: Request) -> Response:
        """What was found last."""
        return Response(self.get_serializer({"last": trail_heads.last_verified()}).data)

    @extend_schema(request=None, responses={200: TrailHeadsVerificationSerializer, 202: JobSerializer})
    def post(self, request: Request) -> Response:
        """At once where that takes about a second; else by a job, which is answered."""
        assert isinstance(request.user, User)
        if not trail_heads.is_quick():
            return Response(JobSerializer(verify_trail_heads_later(request.user)).data, status=202)
        trail_heads.verify_and_tell(request.user)
        return Response(self.get_serializer({"last": trail_heads.last_verified()}).data)


ONE = "trail-heads/<str:public_id>/"
urlpatterns = [
    path("evidence/verify/", VerifyLocker.as_view(), name="locker_verify"),
    path("trail-heads/", TrailHeads.as_view(), name="trail_heads"),
    path("trail-heads/verify/", VerifyTrailHeads.as_view(), name="trail_heads_verify"),
    path("trail-heads/key/", TrailHeadKey.as_view(), name="trail_heads_key"),
    path(ONE, OneTrailHead.as_view(), name="trail_head"),
    path(f"{ONE}file/", TrailHeadFile.as_view(), name="trail_head_file"),
]

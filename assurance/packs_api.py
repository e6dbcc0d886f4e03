"""Packs for programs: the same rows, the same way of asking and the same recorded downloads as the pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpResponseBase
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from assurance.models import Engagement, Pack
from assurance.models.pack import PackQuerySet
from assurance.pack import freezing, handing_out, steps
from assurance.pack_list import NARROWS, narrowed, seen_by
from assurance.tasks import make_pack
from audit.moment import Moment
from audit.public_id import get_or_404
from controls.models import FrameworkVersion
from controls.register_api import NamedSerializer
from evidence import signing
from organisation.models import NotAllowed, Solution, User
from organisation.rest import Door, ListDoor, MomentField, RowDoor


class PackSerializer(serializers.ModelSerializer[Pack]):
    """state: of its making. about_to: the first moment after its period; both ends are equal where it is a moment.

    trail_position, trail_digest: the trail's head at known_at. sha256, signature (Ed25519, hexadecimal) and size: of
    the archive, empty until it is sealed. key: fingerprint of the key that sealed it.
    """

    id = serializers.CharField(source="public_id")
    state = serializers.CharField(source="job.state", allow_null=True, default=None)
    step = serializers.CharField(source="job.step", allow_null=True, default=None)
    engagement = serializers.CharField(source="engagement.public_id", allow_null=True, default=None)
    framework = serializers.CharField(source="framework.public_id")
    solutions = NamedSerializer(many=True)
    requested_by = NamedSerializer()
    signature = serializers.SerializerMethodField()

    class Meta:
        model = Pack
        fields = [
            "id", "title", "state", "step", "engagement", "framework", "solutions", "about_from", "about_to",
            "known_at", "trail_position", "trail_digest", "seal_time", "software", "requested_by", "requested_at",
            "sealed_at", "sha256", "size", "signature", "key",
        ]  # fmt: skip

    def get_signature(self, row: Pack) -> str:
        return bytes(row.signature or b"").hex()


class AskForPackSerializer(serializers.Serializer[Any]):
    """Of an engagement as it stands, or of a framework's version and solutions, by their public ids.

    about_from, about_to: the period, up to the first moment after it; about_to alone is a moment, neither is now.
    """

    engagement = serializers.CharField(required=False, allow_blank=True, default="")
    framework = serializers.CharField(required=False, allow_blank=True, default="")
    solutions = serializers.ListField(child=serializers.CharField(), required=False, default=list)
    about_from = MomentField(required=False, allow_null=True, default=None)
    about_to = MomentField(required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["engagement"] and not attrs["framework"]:
            raise ValidationError({"framework": [_("Name an engagement, or a framework's version.")]})
        if attrs["engagement"] and (attrs["framework"] or attrs["solutions"] or attrs["about_to"]):
            raise ValidationError({"engagement": [_("Its framework, solutions and period are those of the pack.")]})
        if attrs["about_from"] and not attrs["about_to"]:
            raise ValidationError({"about_to": [_("Say the end of the period too.")]})
        return attrs


FIELDS = {"since": "about_from", "until": "about_to"}
"""As the page's form names what is refused → as it is named here."""


def refused(no: NotAllowed) -> ValidationError:
    """In the form of every field that is not valid."""
    field = getattr(no, "field", "") or "refused"
    return ValidationError({FIELDS.get(field, field): [str(no)]})


class PackDoor(Door):
    action = "pack.view"
    serializer_class = PackSerializer

    def rows(self) -> PackQuerySet:
        return self.rows_at(self.request.moment)  # type: ignore[attr-defined]

    def rows_at(self, moment: Moment) -> PackQuerySet:
        return seen_by(self.request.user, moment).prefetch_related("solutions")

    def user(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user


class Packs(PackDoor, ListDoor):
    """?engagement= and ?framework= (a version) by public id, ?sealed=yes or no."""

    order = ("-id",)

    def rows(self) -> PackQuerySet:
        return narrowed(super().rows(), self.request.query_params, self.request.user)

    @extend_schema(parameters=[OpenApiParameter(name, str) for name in NARROWS])
    def get(self, request: Request) -> Response:
        return super().get(request)


class OnePack(PackDoor, RowDoor):
    pass


class AskForPack(PackDoor):
    action = "pack.make"

    @extend_schema(request=AskForPackSerializer, responses={201: PackSerializer})
    def post(self, request: Request) -> Response:
        asked = AskForPackSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        if not signing.has_key():
            raise ValidationError({"refused": [_("No signing key is set, so nothing can be sealed.")]})
        try:
            made = self.ask(asked.validated_data)
        except NotAllowed as no:
            raise refused(no) from no
        return Response(self.get_serializer(self.rows_at(Moment.now()).get(pk=made.pk)).data, status=201)

    def ask(self, said: dict[str, Any]) -> Pack:
        """Raises NotAllowed."""
        by = self.user()
        if said["engagement"]:
            of = get_or_404(Engagement.objects.visible_to(by), said["engagement"])
            return freezing.of_engagement(of, by=by, enqueue=make_pack.delay)
        version = get_or_404(FrameworkVersion.objects.exclude(valid_from=None), said["framework"])
        seen = Solution.objects.visible_to(by)
        solutions = [get_or_404(seen, one) for one in dict.fromkeys(said["solutions"])]
        return freezing.of_framework(version, solutions, about=_about(said), by=by, enqueue=make_pack.delay)


def _about(said: dict[str, Any]) -> tuple[datetime, datetime] | None:
    begin, end = said["about_from"], said["about_to"]
    return (begin or end, end) if end else None


class PackFileDoor(PackDoor):
    """what: archive, signature, key, report, workbook or oscal. Each download is on the trail."""

    @extend_schema(
        parameters=[OpenApiParameter("what", str, OpenApiParameter.PATH, enum=list(handing_out.FORMS))],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, public_id: str, what: str) -> HttpResponseBase:
        found = get_or_404(self.get_queryset(), public_id)
        if what not in handing_out.FORMS:
            raise Http404(f"A pack has no {what}")
        try:
            return handing_out.handed_out(found, what, by=self.user())
        except NotAllowed as no:
            raise refused(no) from no


class VerifyPackSerializer(serializers.Serializer[Any]):
    """fingerprint: of the key that the portal signs by now, or empty. verifier_sha256: of the program."""

    fingerprint = serializers.CharField()
    verifier_sha256 = serializers.CharField()


class VerifyPack(Door):
    """By which key and which program anybody verifies a pack."""

    action = "pack.view"
    serializer_class = VerifyPackSerializer

    def get(self, request: Request) -> Response:
        fingerprint = signing.fingerprint() if signing.has_key() else ""
        told = {"fingerprint": fingerprint, "verifier_sha256": steps.verifier_sha256()}
        return Response(self.get_serializer(told).data)


class VerifierDoor(Door):
    action = "pack.view"

    @extend_schema(responses={(200, "text/x-python"): OpenApiTypes.BINARY})
    def get(self, request: Request) -> HttpResponseBase:
        return handing_out.verifier()


ONE = "packs/<str:public_id>/"
urlpatterns = [
    path("packs/", Packs.as_view(), name="packs"),
    path("packs/verify/", VerifyPack.as_view(), name="pack_verify"),
    path("packs/verify_pack.py", VerifierDoor.as_view(), name="pack_verifier"),
    path("packs/ask/", AskForPack.as_view(), name="pack_ask"),
    path(ONE, OnePack.as_view(), name="pack"),
    path(f"{ONE}take/<str:what>/", PackFileDoor.as_view(), name="pack_file"),
]

"""The locker for programs: the same rows and the same verbs as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from audit.moment import Moment
from audit.public_id import get_or_404
from controls.models import Control
from controls.register_api import NamedSerializer
from evidence import custody
from evidence.evidence_list import Locker, as_of, with_controls
from evidence.handing_out import handed_out
from evidence.models import Evidence, EvidenceLink, LegalHold
from evidence.uploading import BY_PEOPLE, most_bytes, too_large, upload
from evidence.urls.ids import ONE
from organisation.models import Solution, User
from organisation.rest import Door, ListDoor, MomentField, RowDoor
from organisation.rest_acts import refused
from risks.refusals import Refused


class LinkSerializer(serializers.ModelSerializer[EvidenceLink]):
    control = NamedSerializer()

    class Meta:
        model = EvidenceLink
        fields = ["control", "because", "valid_from"]


class EvidenceSerializer(serializers.ModelSerializer[Evidence]):
    """state: at the moment asked about. captured_by: null of what the portal captured itself."""

    id = serializers.CharField(source="public_id")
    state = serializers.CharField(source="stands")
    solution = NamedSerializer(allow_null=True)
    captured_by = NamedSerializer(allow_null=True)
    replaces = serializers.CharField(source="replaces.public_id", allow_null=True, default=None)
    shows = serializers.SerializerMethodField()

    class Meta:
        model = Evidence
        fields = [
            "id", "kind", "state", "title", "note", "confidentiality", "solution", "shows", "source_api",
            "source_account", "source_arn", "source_run", "captured_by", "captured_at", "effective_from",
            "effective_to", "file_name", "sha256", "size", "media_type", "version", "replaces", "kept_until",
            "withdrawn_at", "withdrawn_because", "destroyed_at",
        ]  # fmt: skip

    @extend_schema_field(LinkSerializer(many=True))
    def get_shows(self, row: Evidence) -> Any:
        return LinkSerializer(row.shows, many=True).data  # type: ignore[attr-defined]


class CustodySerializer(serializers.Serializer[custody.Act]):
    """One link of the chain. about: what else it has to do with, by its public id. address: where it came from."""

    at = serializers.DateTimeField()
    who = serializers.CharField()
    line = serializers.CharField()
    action = serializers.CharField()
    because = serializers.CharField()
    about = serializers.CharField()
    address = serializers.CharField()


class OneEvidenceSerializer(EvidenceSerializer):
    """replaced_by: the next version, where the reader may see it. holds: ids of those in force that cover it."""

    replaced_by = serializers.SerializerMethodField()
    holds = serializers.SerializerMethodField()
    custody = serializers.SerializerMethodField()

    class Meta(EvidenceSerializer.Meta):
        fields = [*EvidenceSerializer.Meta.fields, "replaced_by", "holds", "custody"]

    def get_replaced_by(self, row: Evidence) -> str | None:
        seen = Evidence.objects.visible_to(self.context["request"].user)
        later = seen.filter(replaces=row, captured_at__lte=self.context["at"]).first()
        return later.public_id if later else None

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_holds(self, row: Evidence) -> list[str]:
        found = LegalHold.objects.in_force(self.context["at"]).covering(row).order_by("pk")
        return [one.public_id for one in found]

    @extend_schema_field(CustodySerializer(many=True))
    def get_custody(self, row: Evidence) -> Any:
        acts: Any = custody.custody(row, self.context["at"])
        return CustodySerializer(acts, many=True).data


class UploadSerializer(serializers.Serializer[Any]):
    """A form with a file. Rows by their public ids. effective_to: the first moment after its period."""

    file = serializers.FileField(allow_empty_file=True)
    kind = serializers.ChoiceField(choices=sorted(BY_PEOPLE))
    title = serializers.CharField(max_length=200)
    note = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    effective_from = MomentField()
    effective_to = MomentField()
    solution = serializers.CharField(required=False, allow_blank=True, default="")
    confidentiality = serializers.ChoiceField(choices=Evidence.Confidentiality.choices, default="internal")
    controls = serializers.ListField(child=serializers.CharField(), required=False, default=list)


class EvidenceDoor(Door):
    action = "evidence.view"
    serializer_class: type[EvidenceSerializer] = EvidenceSerializer

    def rows(self) -> QuerySet[Evidence]:
        return self.rows_at(self.request.moment)  # type: ignore[attr-defined]

    def rows_at(self, moment: Moment) -> QuerySet[Evidence]:
        user: Any = self.request.user
        seen = as_of(Evidence.objects.visible_to(user), moment)
        return with_controls(seen.select_related("solution", "captured_by", "replaces"), user, moment.at)

    def user(self, request: Request) -> User:
        assert isinstance(request.user, User)
        return request.user

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "at": self.request.moment.at}  # type: ignore[attr-defined]


FILTERS = ("solution", "control", "state", "kind", "confidentiality", "who", "q")


class ListOfEvidence(EvidenceDoor, ListDoor):
    """Narrowed by the same parameters as the page."""

    order = ("-id",)

    def rows(self) -> QuerySet[Evidence]:
        user, moment = self.user(self.request), self.request.moment  # type: ignore[attr-defined]
        found = Locker.of(self.request.GET, user, moment).rows
        return with_controls(found.select_related("replaces"), user, moment.at)

    @extend_schema(parameters=[OpenApiParameter(name, str) for name in FILTERS])
    def get(self, request: Request) -> Response:
        return super().get(request)


class AddEvidence(EvidenceDoor):
    action = "evidence.add"
    parser_classes = [MultiPartParser]
    most_bytes = staticmethod(most_bytes)

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={201: EvidenceSerializer})
    def post(self, request: Request) -> Response:
        asked = UploadSerializer(data=request.data)
        if "file" in getattr(request._request, "refused_files", ()):  # known once the data is read
            raise ValidationError({"file": [too_large()]})
        asked.is_valid(raise_exception=True)
        said, user = dict(asked.validated_data), self.user(request)
        solution, controls = said.pop("solution"), said.pop("controls")
        said["solution"] = get_or_404(Solution.objects.visible_to(user), solution) if solution else None
        said["controls"] = [get_or_404(Control.objects.visible_to(user), one) for one in controls]
        try:
            made = upload(said.pop("file"), by=user, **said)
        except Refused as no:
            raise refused(no) from no
        return Response(self.get_serializer(self.rows_at(Moment.now()).get(pk=made.pk)).data, status=201)


class OneEvidence(EvidenceDoor, RowDoor):
    serializer_class = OneEvidenceSerializer

    def get(self, request: Request, public_id: str) -> Response:
        found = get_or_404(self.get_queryset(), public_id)
        custody.viewed(found, self.user(request))
        return Response(self.get_serializer(found).data)


class EvidenceFile(EvidenceDoor):
    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        found = get_or_404(self.get_queryset(), public_id)
        try:
            return handed_out(found, self.user(request))
        except Refused as no:
            raise refused(no) from no


urlpatterns = [
    path("evidence/", ListOfEvidence.as_view(), name="evidence_list"),
    path("evidence/add/", AddEvidence.as_view(), name="evidence_add"),
    path(f"evidence/{ONE}", OneEvidence.as_view(), name="evidence"),
    path(f"evidence/{ONE}file/", EvidenceFile.as_view(), name="evidence_file"),
]

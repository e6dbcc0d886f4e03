"""Lists of findings taken away as files, for programs."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import path, reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from audit.public_id import get_or_404
from findings import exporting
from findings.api import FILTER, MOMENT, moment_of
from findings.exporting import CannotExport
from findings.models import Export
from findings.tasks import make_export
from findings.views.exports import handed_out, sent
from organisation.models import User
from organisation.rest import Door, ListDoor, RowDoor

FILES = [kind.partition(";")[0] for kind in exporting.TYPES.values()]
"""The media types of an export's forms."""


class ExportSerializer(serializers.ModelSerializer[Export]):
    """state and per_cent: of the job that writes the file. file: its address, while it is kept."""

    id = serializers.CharField(source="public_id")
    job = serializers.CharField(source="job.public_id", allow_null=True, default=None)
    state = serializers.CharField(source="job.state", allow_null=True, default=None)
    per_cent = serializers.IntegerField(source="job.per_cent", allow_null=True, default=None)
    file = serializers.SerializerMethodField()

    class Meta:
        model = Export
        fields = [
            "id",
            "form",
            "filters",
            "at",
            "known_at",
            "coverage",
            "rows",
            "size",
            "requested_at",
            "kept_until",
            "job",
            "state",
            "per_cent",
            "file",
        ]

    def get_file(self, export: Export) -> str | None:
        return reverse("api:export_file", args=[export.public_id]) if export.file else None


class ExportFindings(Door):
    """The same list as a file: sent at once where it is short, else 202 and an export to ask after."""

    action = "finding.export"
    serializer_class = ExportSerializer

    @extend_schema(
        parameters=[*FILTER, *MOMENT, OpenApiParameter("form", enum=Export.Form.values, required=True)],
        request=None,
        responses={**{(200, kind): OpenApiTypes.BINARY for kind in FILES}, 202: ExportSerializer},
    )
    def post(self, request: Request) -> HttpResponseBase:
        assert isinstance(request.user, User)
        query = request._request.GET
        try:
            made = exporting.drawn_up(query, query.get("form", ""), moment_of(request), by=request.user)
        except CannotExport as refusal:
            raise ValidationError({"form": str(refusal)}) from refusal
        exporting.ask(made, make_export.delay)
        if made.job is None:
            return sent(made)
        return Response(self.get_serializer(made).data, status=202)


class ExportDoor(Door):
    action = "finding.export"
    serializer_class = ExportSerializer

    def rows(self) -> QuerySet[Export]:
        assert isinstance(self.request.user, User)
        return Export.objects.visible_to(self.request.user).select_related("job", "requested_by")


class OneExport(ExportDoor, RowDoor):
    pass


class Exports(ExportDoor, ListDoor):
    """One's own, the latest first."""

    order = ("-id",)


class ExportFile(ExportDoor):
    """The file, while it is kept."""

    @extend_schema(responses={(200, kind): OpenApiTypes.BINARY for kind in FILES})
    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        return handed_out(get_or_404(self.get_queryset(), public_id))


urlpatterns = [
    path("findings/export/", ExportFindings.as_view(), name="findings_export"),
    path("exports/", Exports.as_view(), name="exports"),
    path("exports/<str:public_id>/", OneExport.as_view(), name="export"),
    path("exports/<str:public_id>/file/", ExportFile.as_view(), name="export_file"),
]

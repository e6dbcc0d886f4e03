"""Lists of requests for programs: brought in, looked at, asked whole or dropped."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controls.imports.content import MOST_BYTES
from evidence.file_acts import UploadField
from evidence.models import RequestImport
from evidence.pbc import running
from evidence.sources import asked_for
from organisation.models import User
from organisation.rest import Door, ListDoor, RowDoor
from organisation.rest_acts import Act, FileAct


class RequestListSerializer(serializers.ModelSerializer[RequestImport]):
    """name: of the file. asked_for: what all of it is asked for, e.g. engagement:EN-1. done: ids of what it asked."""

    id = serializers.CharField(source="public_id")
    asked_for = serializers.SerializerMethodField()
    done = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = RequestImport
        fields = ["id", "name", "state", "asked_for", "requested_at", "decided_at", "done"]

    def get_asked_for(self, row: RequestImport) -> str:
        return f"{row.source_kind}:{row.source_id}" if row.source_kind else ""


class PlannedRequestSerializer(serializers.Serializer[Any]):
    """row: of the file. The others as people read them."""

    row = serializers.IntegerField()
    title = serializers.CharField()
    what = serializers.CharField()
    solution = serializers.CharField()
    about = serializers.CharField()
    period = serializers.CharField()
    item = serializers.CharField()
    assignee = serializers.CharField()
    due_on = serializers.DateField()


class ProblemOfListSerializer(serializers.Serializer[Any]):
    place = serializers.CharField()
    reason = serializers.CharField()


class OneRequestListSerializer(RequestListSerializer):
    """rows: what it would ask for, or asked for. problems: every one, where it is refused."""

    rows = serializers.SerializerMethodField()
    problems = ProblemOfListSerializer(many=True)

    class Meta(RequestListSerializer.Meta):
        fields = [*RequestListSerializer.Meta.fields, "rows", "problems"]

    @extend_schema_field(PlannedRequestSerializer(many=True))
    def get_rows(self, row: RequestImport) -> Any:
        return PlannedRequestSerializer(row.preview.get("rows", []), many=True).data


class BringListSerializer(serializers.Serializer[Any]):
    """A form with a file, the template filled in (XLSX, CSV)."""

    file = UploadField(required=True, allow_null=False, default=serializers.empty)
    asked_for = serializers.CharField(required=False, allow_blank=True, default="")


class RequestListDoor(Door):
    action = "evidence_request.ask"
    serializer_class: type[RequestListSerializer] = OneRequestListSerializer

    def rows(self) -> QuerySet[RequestImport]:
        return RequestImport.objects.visible_to(self.request.user)


class RequestLists(RequestListDoor, ListDoor):
    serializer_class = RequestListSerializer
    order = ("-id",)

    def rows(self) -> QuerySet[RequestImport]:
        return super().rows().defer("preview", "problems")


class OneRequestList(RequestListDoor, RowDoor):
    pass


class BringList(RequestListDoor, FileAct):
    said, makes = BringListSerializer, True
    most_bytes = staticmethod(lambda: MOST_BYTES)

    @extend_schema(request={"multipart/form-data": BringListSerializer}, responses={201: OneRequestListSerializer})
    def post(self, request: Request, **named: Any) -> Response:
        return super().post(request, **named)

    def do(self, row: None, said: dict[str, Any], *, by: User) -> RequestImport:
        file = said["file"]
        return running.requested(file.read(), name=file.name, source=asked_for(said["asked_for"], by), by=by)


class ApplyList(RequestListDoor, Act):
    def do(self, row: RequestImport, said: dict[str, Any], *, by: User) -> RequestImport:
        return running.apply(row, by=by)


class DropList(RequestListDoor, Act):
    def do(self, row: RequestImport, said: dict[str, Any], *, by: User) -> RequestImport:
        running.drop(row, by=by)
        return row


ONE = "evidence-requests/lists/<str:public_id>/"
urlpatterns = [
    path("evidence-requests/lists/", RequestLists.as_view(), name="request_lists"),
    path("evidence-requests/lists/add/", BringList.as_view(), name="request_list_add"),
    path(ONE, OneRequestList.as_view(), name="request_list"),
    path(f"{ONE}apply/", ApplyList.as_view(), name="request_list_apply"),
    path(f"{ONE}drop/", DropList.as_view(), name="request_list_drop"),
]

"""Connections to AWS for programs. Whoever changes them confirms who they are, so that no token does it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.forms import BaseForm, model_to_dict
from django.http import Http404, HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import RowVersion
from audit.public_id import get_or_404
from desk.api import JobSerializer
from desk.models import Job
from findings import connecting
from findings.cloudformation import StackTemplate
from findings.connecting import scopes_in_use
from findings.forms import ConnectionForm
from findings.models import Connection, SetAside, SyncRun
from findings.views.connections import template
from organisation.models import User
from organisation.permissions import may
from organisation.rest import Door, ListDoor, RowDoor
from organisation.rest_acts import Act, AsReadSerializer
from organisation.rest_forms import FormSerializer


class ConnectionSerializer(serializers.ModelSerializer[Connection]):
    """external_id: for those who manage connections only."""

    id = serializers.CharField(source="public_id")
    external_id = serializers.SerializerMethodField()
    places = serializers.SerializerMethodField()
    read_at = serializers.SerializerMethodField()

    class Meta:
        model = Connection
        fields = [
            "id",
            "name",
            "hub_account",
            "home_region",
            "hub_role",
            "member_role",
            "write_role",
            "external_id",
            "queue_name",
            "enabled",
            "created_at",
            "tested_at",
            "test_report",
            "discovered_at",
            "places",
            "read_at",
            "version",
        ]

    def get_external_id(self, connection: Connection) -> str | None:
        return connection.external_id if may(self.context["request"].user, "connection.manage") else None

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_places(self, connection: Connection) -> dict[str, int]:
        """State → how many places."""
        counts: dict[str, int] = {}
        for scope in scopes_in_use(connection):
            counts[scope.state] = counts.get(scope.state, 0) + 1
        return counts

    def get_read_at(self, connection: Connection) -> datetime | None:
        return max((scope.read_at for scope in scopes_in_use(connection) if scope.read_at), default=None)


class DescribeConnectionSerializer(FormSerializer):
    """It holds no secret: the names of the roles to assume. What is not said is empty."""

    form = ConnectionForm
    name = serializers.CharField(max_length=80)
    hub_account = serializers.CharField(max_length=12)
    home_region = serializers.CharField(max_length=30)
    hub_role = serializers.CharField(max_length=512, required=False, allow_blank=True)
    member_role = serializers.CharField(max_length=512, required=False, allow_blank=True)
    write_role = serializers.CharField(max_length=512, required=False, allow_blank=True)
    queue_name = serializers.CharField(max_length=80, required=False, allow_blank=True)

    def filled(self, said: dict[str, Any]) -> BaseForm:
        self.held_against = ConnectionForm(said)
        return self.held_against

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        super().validate(said)
        return {**said, "connection": self.held_against.save(commit=False)}


class ChangeConnectionSerializer(DescribeConnectionSerializer, AsReadSerializer):
    """What is not said stays. enabled: whether it is read on schedule."""

    name = serializers.CharField(max_length=80, required=False)
    hub_account = serializers.CharField(max_length=12, required=False)
    home_region = serializers.CharField(max_length=30, required=False)
    enabled = serializers.BooleanField(required=False)

    def filled(self, said: dict[str, Any]) -> BaseForm:
        row: Connection = self.context["row"]
        kept = model_to_dict(row, ConnectionForm.Meta.fields)
        self.held_against = ConnectionForm({**kept, **said}, instance=row)
        return self.held_against


class SyncSerializer(serializers.Serializer[Any]):
    """full: look for accounts and regions, and read all of it."""

    full = serializers.BooleanField(required=False, default=False)


class RunSerializer(serializers.ModelSerializer[SyncRun]):
    """read, added, changed, gone, set_aside: findings. waited: seconds until there was room to call AWS."""

    id = serializers.CharField(source="public_id")
    account = serializers.CharField(source="scope.account")
    region = serializers.CharField(source="scope.region")
    source: Any = serializers.CharField(source="scope.source")
    job = serializers.CharField(source="job.public_id", allow_null=True, default=None)

    class Meta:
        model = SyncRun
        fields = [
            "id", "account", "region", "source", "job", "kind", "state", "started_at", "finished_at", "caller", "read",
            "added", "changed", "gone", "set_aside", "calls", "throttles", "waited", "error",
        ]  # fmt: skip


class SetAsideSerializer(serializers.ModelSerializer[SetAside]):
    """A record that could not be taken in. excerpt: its beginning. The place is null where an event told it."""

    id = serializers.CharField(source="public_id")
    account = serializers.CharField(source="scope.account", allow_null=True, default=None)
    region = serializers.CharField(source="scope.region", allow_null=True, default=None)
    source: Any = serializers.CharField(source="scope.source", allow_null=True, default=None)

    class Meta:
        model = SetAside
        fields = ["id", "account", "region", "source", "native_id", "reason", "excerpt", "first_at", "last_at"]


class ConnectionDoor(Door):
    action = "connection.view"
    versioned: ClassVar[type[RowVersion] | None] = Connection
    serializer_class: Any = ConnectionSerializer

    def rows(self) -> QuerySet[Connection]:
        return Connection.objects.prefetch_related("scopes")


class Connections(ConnectionDoor, ListDoor):
    pass


class OneConnection(ConnectionDoor, RowDoor):
    pass


class AddConnection(ConnectionDoor, Act):
    action, said, makes = "connection.manage", DescribeConnectionSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> Connection:
        return connecting.add(said["connection"], by=by)


class ChangeConnection(ConnectionDoor, Act):
    action, said = "connection.manage", ChangeConnectionSerializer

    def do(self, row: Connection, said: dict[str, Any], *, by: User) -> Connection:
        connecting.change(said["connection"], read=row.version, by=by)
        return row


class WorkOnConnection(ConnectionDoor, Act):
    """Answers the job that does it; the one under way, where there is one."""

    versioned = None
    serializer_class = JobSerializer

    def told(self, done: Job) -> Any:
        return self.get_serializer(done).data


class TestConnection(WorkOnConnection):
    """Live, step by step: the connection's test_report tells each."""

    action = "connection.manage"

    def do(self, row: Connection, said: dict[str, Any], *, by: User) -> Job:
        return connecting.test_now(row, by=by)


class SyncConnection(WorkOnConnection):
    action, said = "connection.sync", SyncSerializer

    def do(self, row: Connection, said: dict[str, Any], *, by: User) -> Job:
        return connecting.sync_now(row, full=said["full"], by=by)[0]


class OfConnection(ListDoor):
    action = "connection.view"
    order: ClassVar[tuple[str, ...]] = ("-id",)

    def get(self, request: Request, public_id: str = "") -> Response:
        return super().get(request)

    @property
    def connection(self) -> Connection:
        return get_or_404(Connection.objects.all(), self.kwargs["public_id"])


class Runs(OfConnection):
    """Its readings and loads, the latest first."""

    serializer_class = RunSerializer

    def rows(self) -> QuerySet[SyncRun]:
        return connecting.every_run_of(self.connection).select_related("job")


class RecordsSetAside(OfConnection):
    serializer_class = SetAsideSerializer
    order = ("-last_at", "-id")

    def rows(self) -> QuerySet[SetAside]:
        return connecting.set_aside_of(self.connection)


class Template(Door):
    """A stack as a CloudFormation file, with the connection's names and external id in it."""

    action = "connection.manage"

    @extend_schema(
        parameters=[OpenApiParameter("which", enum=[one.value for one in StackTemplate], location="path")],
        responses={(200, "application/yaml"): OpenApiTypes.STR},
    )
    def get(self, request: Request, public_id: str, which: str) -> HttpResponse:
        found = get_or_404(Connection.objects.all(), public_id)
        if which not in list(StackTemplate):
            raise Http404(f"There is no template {which}")
        return template(StackTemplate(which), found)


ONE = "connections/<str:public_id>/"
urlpatterns = [
    path("connections/", Connections.as_view(), name="connections"),
    path("connections/add/", AddConnection.as_view(), name="connection_add"),
    path(ONE, OneConnection.as_view(), name="connection"),
    path(f"{ONE}change/", ChangeConnection.as_view(), name="connection_change"),
    path(f"{ONE}test/", TestConnection.as_view(), name="connection_test"),
    path(f"{ONE}sync/", SyncConnection.as_view(), name="connection_sync"),
    path(f"{ONE}runs/", Runs.as_view(), name="connection_runs"),
    path(f"{ONE}set-aside/", RecordsSetAside.as_view(), name="connection_set_aside"),
    path(f"{ONE}templates/<str:which>/", Template.as_view(), name="connection_template"),
]

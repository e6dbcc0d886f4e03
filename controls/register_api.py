"""The register of controls and its ledger of verdicts, to read."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from audit.counted import page_of
from audit.models import RowVersion
from audit.moment import Moment
from audit.public_id import get_or_404
from controls.heirs import Heirs, heirs
from controls.models import Control, Inheritance, Verdict
from controls.past import as_they_were
from controls.register import Register, Row, rows_of
from controls.results import within
from organisation.models import User
from organisation.rest import Door, ListDoor, ListSchema, RowDoor, size_of


class NamedSerializer(serializers.Serializer[Any]):
    """A person or a solution, as far as a control needs to name it."""

    id = serializers.CharField(source="public_id")
    name = serializers.CharField()


class DueSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    is_overdue = serializers.BooleanField()


class VerdictSerializer(serializers.ModelSerializer[Verdict]):
    id = serializers.CharField(source="public_id")
    control = serializers.CharField(source="control.public_id")
    solution = NamedSerializer(allow_null=True)
    said_by = NamedSerializer()

    class Meta:
        model = Verdict
        fields = [
            "id", "control", "solution", "kind", "result", "period_from", "period_to", "fresh_until", "what", "because",
            "stated_by", "said_by", "said_at", "withdrawn_at", "withdrawn_because", "source_kind", "source_id",
        ]  # fmt: skip


class ControlSerializer(serializers.Serializer[Row]):
    """monitoring: empty of a retired one. due: the next test of a manual one. solution: null where all have it."""

    id = serializers.CharField(source="control.public_id")
    version = serializers.IntegerField(source="control.version")
    name = serializers.CharField(source="control.name")
    objective = serializers.CharField(source="control.objective")
    type = serializers.CharField(source="control.kind")
    method = serializers.CharField(source="control.method")
    frequency = serializers.CharField(source="control.frequency")
    procedure = serializers.CharField(source="control.procedure")
    evidence = serializers.CharField(source="control.evidence")
    owner = NamedSerializer(source="control.owner")
    solution = NamedSerializer(source="control.solution", allow_null=True)
    is_common = serializers.BooleanField(source="control.is_common")
    added_at = serializers.DateTimeField(source="control.added_at")
    retired_at = serializers.DateTimeField(source="control.retired_at", allow_null=True)
    monitoring = serializers.CharField()
    inherited_from = NamedSerializer(source="inherits_from", allow_null=True)
    conclusion = VerdictSerializer(allow_null=True)
    due = DueSerializer(allow_null=True)
    frameworks = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_frameworks(self, row: Row) -> list[str]:
        return sorted(row.frameworks)


class ControlDoor(Door):
    action: ClassVar[str] = "control.view"
    versioned: ClassVar[type[RowVersion] | None] = Control
    serializer_class = ControlSerializer

    def get_queryset(self) -> QuerySet[Control]:
        if getattr(self, "swagger_fake_view", False):
            return Control.objects.none()
        seen = Control.objects.visible_to(self.request.user).added_by(self.moment.at)
        return seen.select_related("owner", "solution")

    @property
    def moment(self) -> Moment:
        moment: Moment = self.request.moment  # type: ignore[attr-defined]
        return moment


class Controls(ControlDoor):
    """?status, test, type, method, owner, operated, framework, retired, q, solution, order: as the page has them."""

    schema = ListSchema()

    def get(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        found = Register.of(request.query_params, request.user, self.moment)
        cursor = request.query_params.get("cursor", "")
        page = page_of(found.rows, found.key, cursor=cursor, size=size_of(request), descending=found.descends)
        here, following = request.build_absolute_uri(), page.next_cursor
        told = self.get_serializer(page.rows, many=True).data
        return Response(
            {"results": told, "next": replace_query_param(here, "cursor", following) if following else None}
        )


class OneControl(ControlDoor):
    def get(self, request: Request, public_id: str) -> Response:
        assert isinstance(request.user, User)
        found = as_they_were([get_or_404(self.get_queryset(), public_id)], self.moment.at)
        scope = within(request.query_params.get("solution", ""), request.user, self.moment.at)
        (row,) = rows_of(found, request.user, self.moment, scope)
        return Response(self.get_serializer(row).data)


class VerdictDoor(Door):
    action: ClassVar[str] = "control.view"
    serializer_class = VerdictSerializer

    def rows(self) -> QuerySet[Verdict]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        controls = Control.objects.visible_to(self.request.user).added_by(at)
        said = Verdict.objects.visible_to(self.request.user).filter(control__in=controls, said_at__lte=at)
        return said.select_related("control__owner", "control__solution", "solution", "said_by")


class Verdicts(VerdictDoor, ListDoor):
    """What was said of a control by the moment, withdrawn or not."""

    order = ("-said_at", "-id")

    def get(self, request: Request, public_id: str = "") -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[Verdict]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        control = get_or_404(Control.objects.visible_to(self.request.user).added_by(at), self.kwargs["public_id"])
        return super().rows().filter(control=control)


class OneVerdict(VerdictDoor, RowDoor):
    pass


class HeirSerializer(serializers.ModelSerializer[Inheritance]):
    solution = NamedSerializer()

    class Meta:
        model = Inheritance
        fields = ["solution", "because", "agreed_by", "valid_from", "valid_to"]


class HeirsSerializer(serializers.Serializer[Heirs]):
    """named: those that the caller may see. others: how many more inherit it."""

    named = HeirSerializer(many=True)
    others = serializers.IntegerField()


class Inheritances(ControlDoor):
    """Which solutions inherit a control at the moment."""

    @extend_schema(responses=HeirsSerializer)
    def get(self, request: Request, public_id: str) -> Response:
        assert isinstance(request.user, User)
        found = heirs(get_or_404(self.get_queryset(), public_id), request.user, self.moment.at)
        return Response(HeirsSerializer(found).data)


urlpatterns = [
    path("controls/", Controls.as_view(), name="controls"),
    path("controls/<str:public_id>/", OneControl.as_view(), name="control"),
    path("controls/<str:public_id>/verdicts/", Verdicts.as_view(), name="verdicts"),
    path("controls/<str:public_id>/inheritances/", Inheritances.as_view(), name="inheritances"),
    path("verdicts/<str:public_id>/", OneVerdict.as_view(), name="verdict"),
]

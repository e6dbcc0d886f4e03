"""Groups of the identity provider for programs: what each of them stands for."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit import clock
from organisation.forms import GroupMappingForm
from organisation.models import GroupMapping, Solution, User
from organisation.models.grant import MANAGED
from organisation.models.group_mapping import GIVEN_BY_GROUPS
from organisation.rest import Door, ListDoor
from organisation.rest_acts import Act, RowField
from organisation.rest_forms import FormSerializer
from organisation.solutions_api import SayWhySerializer


class GroupMappingSerializer(serializers.ModelSerializer[GroupMapping]):
    """stands_for: in words. role: a line; or solution and kind: a part in it."""

    stands_for = serializers.CharField()
    solution = serializers.CharField(source="solution.public_id", allow_null=True, default=None)

    class Meta:
        model = GroupMapping
        fields = [
            "id", "group", "stands_for", "role", "solution", "kind", "valid_from", "valid_to", "added_by", "reason",
        ]  # fmt: skip


class AddGroupMappingSerializer(FormSerializer):
    """stands_for: a line; or owner or member, of the solution."""

    form = GroupMappingForm
    group = serializers.CharField(max_length=200)
    stands_for = serializers.ChoiceField(choices=[*(role.value for role in GIVEN_BY_GROUPS), *MANAGED])
    solution = RowField(lambda user: Solution.objects.visible_to(user), required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=500)

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        return GroupMappingForm.mapped_of(super().validate(said))


class GroupDoor(Door):
    action = "person.view"
    serializer_class = GroupMappingSerializer

    def rows(self) -> QuerySet[GroupMapping]:
        return GroupMapping.objects.listed()


class Groups(GroupDoor, ListDoor):
    """Those in force; with state=ended, those that were."""

    order = ("group", "id")

    @extend_schema(parameters=[OpenApiParameter("state", enum=["ended"])])
    def get(self, request: Request) -> Response:
        return super().get(request)

    def rows(self) -> QuerySet[GroupMapping]:
        at = self.request.moment.at  # type: ignore[attr-defined]
        if self.request.query_params.get("state") == "ended":
            return GroupMapping.objects.ended(at).listed()
        return GroupMapping.objects.in_force(at).listed()


class AddGroupMapping(GroupDoor, Act):
    action, said, makes = "person.manage", AddGroupMappingSerializer, True

    def do(self, row: None, said: dict[str, Any], *, by: User) -> GroupMapping:
        return GroupMapping.add(by=by, **said)


class EndGroupMapping(GroupDoor, Act):
    action, said = "person.manage", SayWhySerializer

    def do(self, row: None, said: dict[str, Any], *, by: User) -> GroupMapping:
        found = get_object_or_404(GroupMapping.objects.not_ended(clock.now()).listed(), pk=self.kwargs["part"])
        found.end(by=by, **said)
        return found


urlpatterns = [
    path("groups/", Groups.as_view(), name="groups"),
    path("groups/add/", AddGroupMapping.as_view(), name="group_add"),
    path("groups/<int:part>/end/", EndGroupMapping.as_view(), name="group_end"),
]

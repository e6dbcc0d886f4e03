"""Triage for programs: what is said of the finding groups in My items, with the same verbs as the page."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controls.register_api import NamedSerializer
from dashboard.api import ItemSerializer
from dashboard.items import Item
from dashboard.my_items import MOST, item_of, still_failing
from organisation.models import User
from organisation.rest import DayField, Door
from organisation.rest_acts import Act, RowField
from risks import triaging
from risks.groups import Group, GroupKey
from risks.models import Triage
from risks.refusals import Refused


class TriageSerializer(serializers.ModelSerializer[Triage]):
    id = serializers.CharField(source="public_id")
    assigned_to = NamedSerializer(allow_null=True)
    changed_by = NamedSerializer()

    class Meta:
        model = Triage
        fields = ["id", "status", "assigned_to", "planned_on", "link", "changed_by", "changed_at"]


class GroupItemSerializer(ItemSerializer):
    """failing, accepted: how many findings. triage: null where nobody has said anything of it yet."""

    check_id = serializers.CharField(source="subject.check.public_id")
    account = serializers.CharField(source="subject.key.account")
    failing = serializers.IntegerField(source="subject.tally.failed")
    accepted = serializers.IntegerField(source="subject.accepted")
    triage = serializers.SerializerMethodField()

    @extend_schema_field(TriageSerializer(allow_null=True))
    def get_triage(self, item: Item) -> Any:
        group: Group = item.subject
        return TriageSerializer(group.triage).data if group.triage else None


class SaidSerializer(serializers.Serializer[Any]):
    """batch: by which the change is undone."""

    batch = serializers.CharField()
    group = GroupItemSerializer()


class GroupDoor(Door):
    """One check in one account of a solution, by its key, as My items has it: K-12-111111111111-S-3."""

    action = "items.view"
    serializer_class: Any = GroupItemSerializer

    def item(self) -> Item:
        asker: Any = self.request._request
        return item_of(asker, GroupKey.of(self.kwargs["key"]))


class OneGroup(GroupDoor):
    @extend_schema(responses=GroupItemSerializer)
    def get(self, request: Request, key: str) -> Response:
        return Response(self.get_serializer(self.item()).data)


class SaySerializer(serializers.Serializer[Any]):
    """What is left out stays as it is. assigned_to: one of the people of the solution, or null for anybody."""

    status = serializers.ChoiceField(choices=Triage.Status.choices, required=False)
    assigned_to = RowField(lambda user: User.objects.active(), required=False, allow_null=True)
    planned_on = DayField(required=False, allow_null=True)
    link = serializers.URLField(max_length=500, required=False, allow_blank=True)
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class Say(GroupDoor, Act):
    action, said = "triage.change", SaySerializer
    serializer_class = SaidSerializer

    def do(self, row: None, said: dict[str, Any], *, by: User) -> str:
        group: Group = self.item().subject
        if said.get("assigned_to"):
            get_object_or_404(triaging.people_of(group.solution), pk=said["assigned_to"].pk)
        return triaging.say(group.key, by=by, **said)

    def told(self, done: str) -> Any:
        return self.get_serializer({"batch": done, "group": self.item()}).data


class SayOfManySerializer(serializers.Serializer[Any]):
    """mine: the caller does it."""

    keys = serializers.ListField(child=serializers.CharField(), min_length=1, max_length=MOST)
    status = serializers.ChoiceField(choices=Triage.Status.choices, required=False)
    mine = serializers.BooleanField(required=False, default=False)


class SaidOfManySerializer(serializers.Serializer[Any]):
    """batch: by which the change is undone. changed: how many groups."""

    batch = serializers.CharField()
    changed = serializers.IntegerField()


class SayOfMany(Act):
    """Of the groups that still fail."""

    action, said = "triage.change", SayOfManySerializer
    serializer_class = SaidOfManySerializer

    def do(self, row: None, said: dict[str, Any], *, by: User) -> dict[str, Any]:
        told = {"status": said["status"]} if "status" in said else {}
        mine = {"assigned_to": by} if said["mine"] else {}
        if not told and not mine:
            raise Refused(_("Say a status, or that they are yours."))
        asker: Any = self.request._request
        keys = still_failing(asker, [GroupKey.of(one) for one in said["keys"]])
        return {"batch": triaging.change(keys, by=by, **told, **mine), "changed": len(keys)}

    def told(self, done: dict[str, Any]) -> Any:
        return self.get_serializer(done).data


class UndoSerializer(serializers.Serializer[Any]):
    batch = serializers.CharField(max_length=32)


class UndoneSerializer(serializers.Serializer[Any]):
    """back: how many are as they were. left: how many changed again since, and stay."""

    back = serializers.IntegerField()
    left = serializers.IntegerField()


class Undo(Act):
    """Takes back a change of the caller's own."""

    action, said = "triage.change", UndoSerializer
    serializer_class = UndoneSerializer

    def do(self, row: None, said: dict[str, Any], *, by: User) -> tuple[int, int]:
        return triaging.undo(said["batch"], by=by)

    def told(self, done: tuple[int, int]) -> Any:
        back, left = done
        return {"back": back, "left": left}


GROUP = "items/groups/<str:key>/"
urlpatterns = [
    path("items/bulk/", SayOfMany.as_view(), name="items_bulk"),
    path("items/undo/", Undo.as_view(), name="items_undo"),
    path(GROUP, OneGroup.as_view(), name="items_group"),
    path(f"{GROUP}say/", Say.as_view(), name="items_group_say"),
]

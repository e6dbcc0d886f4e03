"""My items for programs: what awaits a person, as their page lists it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import BadRequest
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from audit.counted import page_of
from audit.moment import Moment
from controls.register_api import NamedSerializer
from dashboard.items import Item, Kind, Turn, items
from dashboard.my_items import solutions_of
from organisation.rest import Door, ListSchema, size_of


class ItemSerializer(serializers.Serializer[Item]):
    """weight: 5 (critical) to 0. mover: who must move next, in words. url: of the page. stands_in_for: the name of whom
    the reader stands in for with it, empty where it is their own.
    """

    kind = serializers.ChoiceField(choices=Kind.choices)
    key = serializers.CharField()
    name = serializers.CharField()
    note = serializers.CharField()
    turn = serializers.ChoiceField(choices=Turn.choices)
    mover = serializers.CharField()
    weight = serializers.IntegerField()
    level = serializers.CharField()
    stands_in_for = serializers.CharField(source="of")
    due = serializers.DateTimeField(allow_null=True)
    is_overdue = serializers.BooleanField()
    solution = NamedSerializer(allow_null=True)
    url = serializers.SerializerMethodField()

    def get_url(self, item: Item) -> str:
        address: str = self.context["request"].build_absolute_uri(item.url)
        return address


class ItemsPageSerializer(serializers.Serializer[Any]):
    results = ItemSerializer(many=True)
    next = serializers.URLField(allow_null=True)


class MyItems(Door):
    """The most urgent first. turn: whose move it is; you unless it is said."""

    action: ClassVar[str] = "items.view"
    serializer_class = ItemSerializer
    schema = ListSchema()

    @extend_schema(
        parameters=[
            OpenApiParameter("turn", str, enum=Turn.values),
            OpenApiParameter("kind", str, enum=Kind.values),
            OpenApiParameter("solution", str),
        ],
        responses=ItemsPageSerializer,
    )
    def get(self, request: Request) -> Response:
        asked = request.query_params
        turn, kind = asked.get("turn", Turn.YOU.value), asked.get("kind", "")
        if turn not in Turn.values or (kind and kind not in Kind.values):
            raise BadRequest(_("turn is you or others; kind is one of %(values)s") % {"values": ", ".join(Kind.values)})
        asker: Any = request._request
        found = items(asker.user, Moment.now(), solutions_of(asker, asked))
        rows = [one for one in found if one.turn == turn and kind in ("", one.kind)]
        page = page_of(rows, lambda one: one.order, cursor=asked.get("cursor", ""), size=size_of(request))
        here, cursor = request.build_absolute_uri(), page.next_cursor
        following = replace_query_param(here, "cursor", cursor) if cursor else None
        return Response({"results": self.get_serializer(page.rows, many=True).data, "next": following})


urlpatterns = [path("items/", MyItems.as_view(), name="items")]

"""What every floor's api.py builds on: the permission table, keyset pages, one list and one row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.pagination import BasePagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from audit.keyset import Page, page_of
from audit.public_id import get_or_404, whole_number
from organisation.bearer import SAFE
from organisation.conditions import Conditional
from organisation.days import in_reach
from organisation.once import Once
from organisation.permissions import require

PAGE_SIZE = 100


class DayField(serializers.DateField):
    default_validators = [in_reach]


class MomentField(serializers.DateTimeField):
    default_validators = [in_reach]


class Permitted(BasePermission):
    """The same table as for pages: a view names its `action`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        require(request.user, view.action)  # type: ignore[attr-defined]
        return True


def size_of(request: Request) -> int:
    """How many rows of a list are asked for at once."""
    said = whole_number(request.query_params.get("size", ""))
    return PAGE_SIZE if said is None else min(max(said, 1), 500)


class KeysetPagination(BasePagination):
    """{"results": […], "next": address or null}; ?cursor= and ?size= (1-500)."""

    request: Request
    page: Page[Any]

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        cursor = request.query_params.get("cursor", "")
        self.request = request
        self.page = page_of(queryset, order=view.order, cursor=cursor, size=size_of(request))
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:
        here, cursor = self.request.build_absolute_uri(), self.page.next_cursor
        return Response({"results": data, "next": replace_query_param(here, "cursor", cursor) if cursor else None})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        following = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {"results": schema, "next": following},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {"name": "cursor", "in": "query", "schema": {"type": "string"}},
            {"name": "size", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 500}},
        ]


class DoorSchema(AutoSchema):
    """The headers that every door understands."""

    def get_override_parameters(self) -> list[Any]:
        asked = [*super().get_override_parameters()]
        if self.method == "POST" and not getattr(self.view, "tells_secret", False):
            asked.append(OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER))
        if self.method not in SAFE and getattr(self.view, "versioned", None):
            asked.append(OpenApiParameter("If-Match", str, OpenApiParameter.HEADER))
        return asked


class Door(Once, Conditional, GenericAPIView[Any]):
    """action: of the permission table. rows(): what the reader may see, as the page shows it."""

    action: ClassVar[str]
    permission_classes = [Permitted]
    pagination_class: type[BasePagination] | None = KeysetPagination
    lookup_field = "public_id"
    schema = DoorSchema()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in SAFE or not {"If-Match", "Idempotency-Key"} & request.headers.keys():
            return super().dispatch(request, *args, **kwargs)
        with transaction.atomic():
            return super().dispatch(request, *args, **kwargs)

    def rows(self) -> QuerySet[Any]:
        raise NotImplementedError

    def get_queryset(self) -> QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):
            model: type[Model] = self.get_serializer_class().Meta.model  # type: ignore[attr-defined]
            return model._default_manager.none()
        return self.rows()


class ListSchema(DoorSchema):
    """A list door answers GET with a page of rows; nothing has to be guessed from its `action`."""

    def _is_list_view(self, serializer: Any = None) -> bool:
        return bool(self.method == "GET")


class ListDoor(Door):
    schema = ListSchema()
    order: ClassVar[Sequence[str]] = ("id",)

    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class RowDoor(Door):
    def get(self, request: Request, public_id: str) -> Response:
        return Response(self.get_serializer(get_or_404(self.get_queryset(), public_id)).data)

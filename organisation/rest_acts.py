"""What programs do: one POST, one verb of the pages, answered by the row as it is after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from audit.moment import Moment
from audit.public_id import get_or_404
from organisation.models import NotAllowed, User
from organisation.rest import Door, DoorSchema


def refused(no: NotAllowed) -> ValidationError:
    """In the form of every field that is not valid: `errors` says why, and what would be allowed."""
    return ValidationError({getattr(no, "field", "") or "refused": [str(no)]})


class NothingSerializer(serializers.Serializer[Any]):
    """Nothing has to be said."""


class BecauseSerializer(serializers.Serializer[Any]):
    because = serializers.CharField(max_length=2000)


@extend_schema_field(OpenApiTypes.STR)
class RowField(serializers.CharField):
    """A row by its public id: the row itself, once read. Raises Http404, also where it is not the reader's to see."""

    def __init__(self, rows: Callable[[User], QuerySet[Any]], **options: Any) -> None:
        super().__init__(**options)
        self.rows = rows

    def to_internal_value(self, data: Any) -> Any:
        return get_or_404(self.rows(self.context["request"].user), super().to_internal_value(data))

    def to_representation(self, value: Any) -> str:
        return str(value.public_id)


class ActSchema(DoorSchema):
    def get_request_serializer(self) -> Any:
        view: Any = self.view
        return view.said

    def get_response_serializers(self) -> Any:
        view: Any = self.view
        return {201 if view.makes else 200: view.get_serializer_class()}


class Act(Door):
    """Does one thing, to the row of its address where it names one. The row it answers is the one that `do` returns.

    said: the fields of the body. makes: whether it answers a new row (201). What a verb refuses
    (NotAllowed) is a 400 in its words.
    """

    schema = ActSchema()
    said: ClassVar[type[serializers.Serializer[Any]]] = NothingSerializer
    makes: ClassVar[bool] = False

    def post(self, request: Request, **named: Any) -> Response:
        row = get_or_404(self.get_queryset(), named["public_id"]) if "public_id" in named else None
        body = self.said(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        try:
            done = self.do(row, body.validated_data, by=request.user)
        except NotAllowed as no:
            raise refused(no) from no
        request.moment = Moment.now()  # type: ignore[attr-defined]
        found = self.rows().get(pk=done.pk)
        return Response(self.get_serializer(found).data, status=201 if self.makes else 200)

    def do(self, row: Any, said: dict[str, Any], *, by: Any) -> Model:
        """Raises NotAllowed."""
        raise NotImplementedError

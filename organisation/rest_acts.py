"""What programs do: one POST, one verb of the pages, answered by the row as it is after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import RowVersion, StaleRow
from audit.moment import Moment
from audit.public_id import get_or_404
from organisation.models import NotAllowed, User
from organisation.rest import Door, DoorSchema


def refused(no: NotAllowed) -> ValidationError:
    """In the form of every field that is not valid: `errors` says why, and what would be allowed."""
    return ValidationError({getattr(no, "field", "") or "refused": [str(no)]})


class ChangedMeanwhile(APIException):
    status_code = 409
    default_code = "changed_meanwhile"

    def __init__(self) -> None:
        super().__init__(_("Somebody saved it since you read it: read it again, then change it."))


class NothingSerializer(serializers.Serializer[Any]):
    """Nothing has to be said."""


class BecauseSerializer(serializers.Serializer[Any]):
    because = serializers.CharField(max_length=2000)


class AsReadSerializer(serializers.Serializer[Any]):
    """version: of the row as it was read; 409 where somebody saved it since."""

    version = serializers.IntegerField(required=False, allow_null=True, default=None)


class BecauseAsReadSerializer(BecauseSerializer, AsReadSerializer):
    pass


class ChangeSerializer(AsReadSerializer):
    """What is not said stays as it is."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for one in fields.values():
            one.required = False
        return fields


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
    (NotAllowed) is a 400 in its words; a row that was saved since it was read (StaleRow), 409.
    """

    schema = ActSchema()
    said: ClassVar[type[serializers.Serializer[Any]]] = NothingSerializer
    makes: ClassVar[bool] = False

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset() if getattr(self, "swagger_fake_view", False) else self.subjects()

    def subjects(self) -> QuerySet[Any]:
        """Rows that its address may name: of the kind that it answers, unless it says otherwise."""
        return self.rows()

    def post(self, request: Request, **named: Any) -> Response:
        row = get_or_404(self.get_queryset(), named["public_id"]) if "public_id" in named else None
        body = self.said(data=request.data, context={**self.get_serializer_context(), "row": row})
        body.is_valid(raise_exception=True)
        read = body.validated_data.get("version")
        if not request.moment.is_now:  # type: ignore[attr-defined]
            raise refused(NotAllowed(_("Nobody acts in the past: go back to now.")))
        try:
            with transaction.atomic():
                if read is not None and isinstance(row, RowVersion):
                    row.hold(read=read)
                done = self.do(row, body.validated_data, by=request.user)
        except NotAllowed as no:
            raise refused(no) from no
        except StaleRow as stale:
            raise ChangedMeanwhile from stale
        request.moment = Moment.now()  # type: ignore[attr-defined]
        return Response(self.told(done), status=201 if self.makes else 200)

    def do(self, row: Any, said: dict[str, Any], *, by: Any) -> Any:
        """Raises NotAllowed, StaleRow."""
        raise NotImplementedError

    def told(self, done: Any) -> Any:
        """Of what `do` returned, as it is now."""
        return self.get_serializer(self.rows().get(pk=done.pk)).data


class FileAct(Act):
    """Takes a form with a file. most_bytes: how large one may be."""

    parser_classes = [MultiPartParser]
    most_bytes: Callable[[], int]

    def post(self, request: Request, **named: Any) -> Response:
        _read = request.data  # what was too large is known once it is read
        if too_large := getattr(request._request, "refused_files", ()):
            words = _("The file is larger than %(n)d MB.") % {"n": self.most_bytes() // 2**20}
            raise ValidationError({name: [words] for name in too_large})
        return super().post(request, **named)

"""Acts of programs that may bring a file: told as JSON without one, as a form with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from evidence.uploading import most_bytes
from organisation.parsers import BoundedJSONParser
from organisation.rest_acts import Act


@extend_schema_field(OpenApiTypes.BINARY)
class UploadField(serializers.FileField):
    """Of a form; None where none was sent."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "allow_null": True, "default": None, **options})


class FileAct(Act):
    """most_bytes: how large a file may be."""

    parser_classes = [BoundedJSONParser, MultiPartParser]
    most_bytes: Callable[[], int] = staticmethod(most_bytes)

    def post(self, request: Request, **named: Any) -> Response:
        _read = request.data
        if too_large := getattr(request._request, "refused_files", ()):
            words = _("The file is larger than %(n)d MB.") % {"n": self.most_bytes() // 2**20}
            raise ValidationError({name: [words] for name in too_large})
        return super().post(request, **named)

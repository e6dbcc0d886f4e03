"""Acts of programs that may bring a file: told as JSON without one, as a form with one."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser

from evidence.uploading import most_bytes
from organisation import rest_acts
from organisation.parsers import BoundedJSONParser


@extend_schema_field(OpenApiTypes.BINARY)
class UploadField(serializers.FileField):
    """Of a form; None where none was sent."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, "allow_null": True, "default": None, **options})


class FileAct(rest_acts.FileAct):
    parser_classes = [BoundedJSONParser, MultiPartParser]
    most_bytes = staticmethod(most_bytes)
